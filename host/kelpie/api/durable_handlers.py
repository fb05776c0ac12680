"""Durable turns in flight over HTTP."""

from __future__ import annotations

from aiohttp import web

from kelpie.api.door import CHANGE
from kelpie.api.moments import told_moment
from kelpie.api.paths import Target, decode_segment
from kelpie.api.responses import Handler, json_response
from kelpie.env import Env
from kelpie.errors import InvalidRequest
from kelpie.ids import Address, check_name
from kelpie.limits import Limits
from kelpie.runtime.durable.in_flight import InFlight
from kelpie.runtime.durable.turns import TurnsInFlight

__all__ = ["DurableHandlers"]

_NUMBER_MAX = (1 << 63) - 1
_NS_PER_MS = 1_000_000


class DurableHandlers:
    def __init__(self, env: Env, turns: TurnsInFlight, limits: Limits) -> None:
        self._env = env
        self._turns = turns
        self._limits = limits
        self.handlers: dict[str, Handler] = {"list_turns": self._list, "cancel_turn": self._cancel}

    async def _list(self, _request: web.BaseRequest, target: Target) -> web.Response:
        limits = self._limits
        kind, after = (target.parameters.get(name) for name in ("kind", "after"))
        check_name("namespace", target.namespace, limits)
        if kind is not None:
            check_name("kind", kind, limits)
        limit = target.number("limit", limits.turns_page_entries_max)
        page = await self._turns.page(
            target.namespace,
            kind,
            None if after is None else self._actor(target.namespace, after),
            limit or limits.page_entries_default,
        )
        behind = None if page.after is None else f"{page.after.kind}/{page.after.key}"
        turns = [self._view(address, each) for address, each in page.turns]
        return json_response({"turns": turns, "after": behind})

    async def _cancel(self, request: web.BaseRequest, target: Target) -> web.Response:
        kind, key = map(decode_segment, target.segments[2:4])
        address = Address.checked(target.namespace, kind, key, self._limits)
        number = target.number("turn", _NUMBER_MAX)
        ended = await self._turns.cancel(address, number, request[CHANGE].witness)
        return json_response({**address._asdict(), "turn": ended.number, "cancelled": True})

    def _actor(self, namespace: str, named: str) -> Address:
        kind, slash, key = named.partition("/")
        if not slash:
            raise InvalidRequest(f"after is {named[:80]!a}: write kind/key, as a page gives it")
        return Address.checked(namespace, kind, key, self._limits)

    def _view(self, address: Address, turn: InFlight) -> dict[str, object]:
        age_ns = max(0, self._env.wall_ns() - turn.begun_ns)
        return {
            **address._asdict(),
            "operation": turn.operation,
            "turn": turn.number,
            "version": turn.deploy_number,
            "request_id": turn.request_id,
            "began_at": told_moment(turn.begun_ns),
            "age_ms": age_ns // _NS_PER_MS,
            "calls": turn.calls,
            "bytes": turn.size,
        }
