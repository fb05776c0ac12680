"""Journals over HTTP: what is kept of a kind's turns, which turns there are, bundles."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from aiohttp import web

from kelpie.access.caller import Caller
from kelpie.access.roles import Permission
from kelpie.api.bodies import Bodies
from kelpie.api.door import CALLER, CHANGE
from kelpie.api.moments import told_moment
from kelpie.api.paths import Target, decode_segment
from kelpie.api.payloads import BUNDLE_TYPE
from kelpie.api.responses import Handler, json_response, respond
from kelpie.env import Env
from kelpie.errors import InvalidRequest, PayloadTooLarge
from kelpie.ids import Address
from kelpie.journal.policy import Policy
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime
from kelpie.runtime.views.journals import JournaledTurn

__all__ = ["JournalHandlers"]

_NUMBER_MAX = (1 << 63) - 1
_POLICY_BYTES_MAX = 64


class JournalHandlers:
    """Nothing that is answered here has a secret in it."""

    def __init__(self, env: Env, runtime: Runtime, limits: Limits) -> None:
        self._runtime = runtime
        self._limits = limits
        self._bodies = Bodies(env, limits)
        self.handlers: dict[str, Handler] = {
            "show_journal_policy": self._show_policy,
            "set_journal_policy": self._set_policy,
            "list_journal": self._list,
            "export_bundle": self._export,
        }

    async def _show_policy(self, _request: web.BaseRequest, target: Target) -> web.Response:
        kind = target.kind(self._limits)
        policy = await self._runtime.journals.policy(target.namespace, kind)
        return json_response(_policy_view(target.namespace, kind, policy))

    async def _set_policy(self, request: web.BaseRequest, target: Target) -> web.Response:
        kind = target.kind(self._limits)
        self._runtime.kind(target.namespace, kind)
        async with self._bodies.arriving(
            request, _POLICY_BYTES_MAX, self._limits.http_body_ms_max, PayloadTooLarge
        ) as body:
            policy = _policy(body.decode("ascii", "replace").strip())
        journals, change = self._runtime.journals, request[CHANGE]
        if not await journals.set_policy(target.namespace, kind, policy, change.witness):
            change.is_vain(f"was already {policy.value}")
        return json_response(_policy_view(target.namespace, kind, policy))

    async def _list(self, _request: web.BaseRequest, target: Target) -> web.Response:
        limits = self._limits
        most = target.number("limit", limits.journal_page_entries_max)
        before = target.number("before", _NUMBER_MAX)
        page = await self._runtime.journals.page(
            self._address(target), before, most or limits.page_entries_default
        )
        turns = [_turn_view(each) for each in page.turns]
        return json_response({"turns": turns, "more": page.more})

    async def _export(self, request: web.BaseRequest, target: Target) -> web.Response:
        begin, end = (target.number(name, _NUMBER_MAX) for name in ("from", "to"))
        address = self._address(target)
        may_see = partial(_may_see_config, request[CALLER], target.namespace)
        bundle = await self._runtime.journals.export(address, begin, end, may_see)
        return respond(HTTPStatus.OK, BUNDLE_TYPE, bundle)

    def _address(self, target: Target) -> Address:
        kind, key = map(decode_segment, target.segments[2:4])
        return Address.checked(target.namespace, kind, key, self._limits)


def _may_see_config(caller: Caller, namespace: str) -> None:
    """What is set for a kind is seen only by who may set it, here as at its own route.

    Raises:
        Forbidden
    """
    caller.check(
        Permission.DEPLOY,
        namespace,
        "the bundle would have in it what was set for the kind as configuration, which is "
        "seen only by who may set it, and {refusal}",
    )


def _policy(given: str) -> Policy:
    try:
        return Policy(given)
    except ValueError:
        known = ", ".join(each.value for each in Policy)
        raise InvalidRequest(
            f"{given[:20]!a} is nothing that a journal may keep: write one of {known}"
        ) from None


def _policy_view(namespace: str, kind: str, policy: Policy) -> dict[str, object]:
    return {"namespace": namespace, "kind": kind, "policy": policy.value}


def _turn_view(turn: JournaledTurn) -> dict[str, object]:
    given, end = turn.given, turn.end
    return {
        "position": turn.position,
        "turn": given.number,
        "operation": given.operation,
        "request_id": given.request_id,
        "caller": f"{given.caller.sort}:{given.caller.address or given.caller.name}",
        "at": told_moment(given.time_ns),
        "read_only": given.read_only,
        "error": None if end.error is None else {"code": end.error[0], "message": end.error[1]},
        "host_calls": turn.host_calls,
        "fuel": end.fuel,
        "version": turn.deploy_number,
        "instance": turn.instance,
    }
