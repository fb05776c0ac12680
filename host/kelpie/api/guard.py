"""Lets a request to its route if its caller may, and keeps an account of changes."""

from __future__ import annotations

from aiohttp import web

from kelpie.access.audit import DONE, AuditEntry, AuditLog
from kelpie.access.caller import ANYBODY
from kelpie.access.change import Change
from kelpie.access.roles import HOST_WIDE
from kelpie.api.door import CALLER, CHANGE, Door
from kelpie.api.headers import REQUEST_ID_HEADER
from kelpie.api.paths import Target, decode_segment
from kelpie.api.problem import as_kelpie_error
from kelpie.api.responses import problem_response
from kelpie.api.router import Bound, Methods
from kelpie.api.routes.route import Route
from kelpie.env import Env

__all__ = ["Guard"]


class Guard:
    def __init__(self, env: Env, door: Door, audit: AuditLog) -> None:
        self._env = env
        self._door = door
        self._audit = audit

    def enter(self, request: web.BaseRequest, methods: Methods | None) -> None:
        """Finds out who asks, unless all that the path has is open to anybody.

        Raises:
            Unauthenticated, RateLimited, InvalidRequest: see `Door.enter`.
        """
        is_open = methods is not None and all(
            each.route.permission is None for each in methods.values()
        )
        request[CALLER] = ANYBODY if is_open else self._door.enter(request.headers)

    def check(self, request: web.BaseRequest, target: Target, route: Route) -> None:
        """Raises:
        Forbidden: who asks may not.
        """
        if route.permission is not None:
            request[CALLER].check(route.permission, target.namespace)

    async def answer(
        self, request: web.BaseRequest, target: Target, found: Bound
    ) -> web.StreamResponse:
        """The handler's answer. If it changes something, that is in the audit log."""
        action = found.route.action
        if action is None:
            return await found.handler(request, target)
        change = request[CHANGE] = self._change(request, target, found.route, action)
        response: web.StreamResponse
        try:
            response = await found.handler(request, target)
        except Exception as failure:  # noqa: BLE001 - logged and answered
            error = as_kelpie_error(failure)
            await change.end(error.code)
            response = problem_response(error)
        else:
            await change.end(DONE)
        response.headers[REQUEST_ID_HEADER] = change.request_id
        return response

    def _change(
        self, request: web.BaseRequest, target: Target, route: Route, action: str
    ) -> Change:
        # What the path leaves open: a kind, a logger, kind and key of an actor.
        words = route.path.split("/")[1:]
        subject = [
            decode_segment(segment)
            for word, segment in zip(words, target.segments, strict=True)
            if word.startswith("{")
        ]
        entry = AuditEntry(
            self._env.wall_ns(),
            request[CALLER].principal,
            request.remote or "unknown",
            action,
            None if route.permission in HOST_WIDE else target.namespace,
            "/".join(subject),
            "",
            "",
            self._env.new_id(),
        )
        return Change(self._audit, entry)
