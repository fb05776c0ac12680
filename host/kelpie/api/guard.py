"""Lets a request to its route if its caller may, and keeps an account of changes."""

from __future__ import annotations

import asyncio

from aiohttp import web

from kelpie.access.audit import DONE, AuditEntry, AuditLog
from kelpie.access.caller import ANYBODY
from kelpie.access.change import Change
from kelpie.access.refusals import Refusals
from kelpie.access.roles import HOST_WIDE
from kelpie.api.door import CALLER, CHANGE, Door
from kelpie.api.headers import REQUEST_ID_HEADER
from kelpie.api.paths import Target, decode_segment
from kelpie.api.problem import as_kelpie_error
from kelpie.api.responses import problem_response
from kelpie.api.router import Bound, Methods
from kelpie.api.routes.route import Route
from kelpie.env import Env
from kelpie.errors import Draining, OutcomeUnknown

__all__ = ["Guard"]


class Guard:
    def __init__(self, env: Env, door: Door, audit: AuditLog, refusals: Refusals) -> None:
        self._env = env
        self.door = door
        self._audit = audit
        self._refusals = refusals
        self._changing: set[asyncio.Task[object]] = set()

    def enter(self, request: web.BaseRequest, methods: Methods | None) -> None:
        """Finds out who asks, unless all that the path has is open to anybody.

        Raises:
            Unauthenticated, RateLimited, InvalidRequest: see `Door.enter`.
        """
        is_open = methods is not None and all(
            each.route.permission is None for each in methods.values()
        )
        request[CALLER] = ANYBODY if is_open else self.door.enter(request.headers)

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
        task = asyncio.current_task()
        assert task is not None
        self._changing.add(task)
        try:
            response = await self._see_through(request, target, found, change)
        finally:
            self._changing.discard(task)
        response.headers[REQUEST_ID_HEADER] = change.request_id
        return response

    async def finish(self, wait_ms: float) -> None:
        """Waits for changes whose clients have gone, too, and gives up those that
        take longer. What has become of each is in the audit log then."""
        late = set(self._changing)
        if late:
            _, late = await asyncio.wait(late, timeout=wait_ms / 1000)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=wait_ms / 1000)
        await self._refusals.finish()

    async def _see_through(
        self, request: web.BaseRequest, target: Target, found: Bound, change: Change
    ) -> web.StreamResponse:
        """The handler's answer, once it is in the audit log how the change has ended."""
        try:
            response = await found.handler(request, target)
        except asyncio.CancelledError:
            # The host stops, and has waited long enough.
            await self._end(change, (OutcomeUnknown if change.is_witnessed else Draining).code)
            raise
        except Exception as failure:  # noqa: BLE001 - logged and answered
            error = as_kelpie_error(failure)
            await self._end(change, error.code)
            return problem_response(error)
        await self._end(change, DONE)
        return response

    async def _end(self, change: Change, outcome: str) -> None:
        """Whoever waits for it may be cancelled: the entry is written."""
        ending = self._env.spawn(change.end(outcome), "audit")
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise

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
        return Change(self._audit, entry, self._refusals)
