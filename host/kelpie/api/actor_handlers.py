"""Looking at actors over HTTP: which there are, what they are, what they store; and
deleting one."""

from __future__ import annotations

import json

from aiohttp import web

from kelpie.api.door import CALLER, CHANGE
from kelpie.api.invocation import Invocations
from kelpie.api.paths import Target, decode_segment
from kelpie.api.payloads import JSON_TYPE, value_type
from kelpie.api.responses import Handler, json_response, unless_known
from kelpie.api.views import actor_page_view, actor_view, kv_page_view
from kelpie.errors import ValueNotFound
from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.runtime.views.actor_views import ActorViews
from kelpie.store.witness import nobody

__all__ = ["ActorHandlers"]


class ActorHandlers:
    """State and kv have paths of their own, not below the actor's: what follows
    an actor's key there is an operation, and a component may name one `state`.
    """

    def __init__(self, views: ActorViews, invocations: Invocations, limits: Limits) -> None:
        self._views = views
        self._invocations = invocations
        self._limits = limits
        self.handlers: dict[str, Handler] = {
            "list_actors": self._list_actors,
            "show_actor": self._show_actor,
            "delete_actor": self._delete_actor,
            "show_state": self._show_state,
            "list_kv": self._list_kv,
            "show_kv_entry": self._show_kv_entry,
        }

    async def _list_actors(self, _request: web.BaseRequest, target: Target) -> web.Response:
        kind = target.kind(self._limits)
        wanted = self._wanted(target, self._limits.actor_page_entries_max)
        page = await self._views.page(target.namespace, kind, *wanted)
        return json_response(actor_page_view(page))

    async def _show_actor(self, _request: web.BaseRequest, target: Target) -> web.Response:
        return json_response(actor_view(await self._views.show(self._address(target))))

    async def _delete_actor(self, request: web.BaseRequest, target: Target) -> web.Response:
        segments, change = target.segments[2:], request[CHANGE]
        asked = self._invocations.ask_deletion(
            request[CALLER], target.namespace, segments, request.headers
        )
        change.was_asked_as(asked.request_id)
        mended = target.flag("force") and await self._invocations.mend(asked, change.witness)
        witness = nobody if mended else change.witness
        deleted = json.loads((await self._invocations.submit_deletion(asked, witness)).data)
        if mended:
            deleted["deleted"] = True
        elif asked.recorded and not change.is_witnessed:
            # Answered from the record of a request whose entry is there already.
            change.is_none()
        return json_response({**asked.address._asdict(), **deleted})

    async def _show_state(self, request: web.BaseRequest, target: Target) -> web.Response:
        address = self._address(target)
        state = await self._views.state(address)
        if state is None:
            raise ValueNotFound(
                f"{address} has no state: it never saved any, or cleared it; `kelpie actors "
                f"{address.kind}` lists actors that hold something"
            )
        return _value_response(request, state)

    async def _list_kv(self, request: web.BaseRequest, target: Target) -> web.Response:
        address = self._address(target)
        wanted = self._wanted(target, self._limits.kv_page_entries_max)
        page = await self._views.kv_page(address, *wanted)
        return unless_known(request, JSON_TYPE, kv_page_view(page))

    async def _show_kv_entry(self, request: web.BaseRequest, target: Target) -> web.Response:
        address, key = self._address(target), decode_segment(target.segments[4])
        value = await self._views.kv_entry(address, key)
        if value is None:
            raise ValueNotFound(
                f"{address} has no kv entry {key[:80]!a}; `kelpie kv list` lists those that it has"
            )
        return _value_response(request, value)

    def _wanted(self, target: Target, entries_max: int) -> tuple[str, str | None, int]:
        """Which page: what keys begin with, behind which one, and how many."""
        limit = target.number("limit", entries_max) or self._limits.page_entries_default
        return target.parameters.get("prefix", ""), target.parameters.get("after"), limit

    def _address(self, target: Target) -> Address:
        kind, key = map(decode_segment, target.segments[2:4])
        return Address.checked(target.namespace, kind, key, self._limits)


def _value_response(request: web.BaseRequest, value: Payload) -> web.Response:
    told = unless_known(request, value_type(value), value.data)
    # What actors store is the actors' own: no browser shall guess that it is a page.
    told.headers["X-Content-Type-Options"] = "nosniff"
    return told
