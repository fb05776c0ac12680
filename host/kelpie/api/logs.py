"""What actors say, over HTTP: a line of JSON for each, as they come if that is wanted."""

from __future__ import annotations

import json
from typing import NamedTuple

from aiohttp import web

from kelpie.access.caller import Caller
from kelpie.api.departure import when_gone
from kelpie.api.door import CALLER, Door
from kelpie.api.moments import moment_of, told_moment
from kelpie.api.paths import Target
from kelpie.api.payloads import JSON_LINES_TYPE
from kelpie.api.responses import SERVER_HEADER, Handler
from kelpie.env import Env
from kelpie.errors import InvalidRequest
from kelpie.ids import Address, check_name
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime
from kelpie.runtime.telemetry.line_follower import LineFollower
from kelpie.runtime.telemetry.recent_lines import LINE_LEVELS, Line, Wanted

__all__ = ["LogHandlers"]

# As many are written at once; between two pieces others have their turn.
_LINES_AT_ONCE = 200
_LAST_MAX = 1_000_000
_NO_LONGER = "the token was revoked or has expired"


class _Asked(NamedTuple):
    wanted: Wanted
    last: int | None
    follow: bool


class LogHandlers:
    """`GET /v1/logs`."""

    def __init__(self, env: Env, runtime: Runtime, door: Door, limits: Limits) -> None:
        self._env = env
        self._door = door
        self._runtime = runtime
        self._lines = runtime.node.guest_log.recent
        self._limits = limits
        self.handlers: dict[str, Handler] = {"show_logs": self._show}

    async def _show(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        asked = self._asked(target)
        # In one go with what is found: nothing is told twice, and nothing left out.
        caller = request[CALLER]
        whose = None if caller.token is None else caller.principal
        follower = self._lines.follow(asked.wanted, whose) if asked.follow else None
        found = self._lines.find(asked.wanted, asked.last)
        response = web.StreamResponse(
            headers={**SERVER_HEADER, "Content-Type": JSON_LINES_TYPE, "Cache-Control": "no-store"}
        )
        try:
            await response.prepare(request)
            if request.method != "HEAD":
                await _write(response, found)
                if follower is not None:
                    when_gone(request, follower.end)
                    await self._pass_on(response, follower, caller)
            await response.write_eof()
        except ConnectionError:
            pass  # nobody is there any more to be told
        finally:
            if follower is not None:
                when_gone(request, None)
                self._lines.leave(follower)
        return response

    async def _pass_on(
        self, response: web.StreamResponse, follower: LineFollower[Line], caller: Caller
    ) -> None:
        """Writes what comes, until nothing will, or its reader may not read it any more."""
        ended = False
        while not ended:
            lines, lost, ended = await follower.take(self._limits.line_heartbeat_ms)
            if not self._door.still_admits(caller):
                await response.write(_told({"ended": _NO_LONGER}))
                return
            await _write(response, lines)
            if lost:
                await response.write(_told({"lost": lost}))
            elif not lines and not ended:
                await response.write(b"\n")

    def _asked(self, target: Target) -> _Asked:
        """Raises:
        InvalidAddress, InvalidRequest, KindNotFound
        """
        given, namespace, limits = target.parameters, target.namespace, self._limits
        check_name("namespace", namespace, limits)
        kind, key, level = given.get("kind"), given.get("key"), given.get("level", "debug")
        if level not in LINE_LEVELS:
            raise InvalidRequest(f"level is {level[:80]!a}: write one of {', '.join(LINE_LEVELS)}")
        if key is not None:
            if kind is None:
                raise InvalidRequest("a key is one of a kind: give the kind as well")
            Address.checked(namespace, kind, key, limits)
        if kind is not None:
            check_name("kind", kind, limits)
            self._runtime.kind(namespace, kind)
        since = given.get("since")
        since_ns = 0 if since is None else moment_of("since", since, self._env.wall_ns())
        last = 0 if given.get("last") == "0" else target.number("last", _LAST_MAX)
        return _Asked(Wanted(namespace, kind, key, level, since_ns), last, target.flag("follow"))


async def _write(response: web.StreamResponse, lines: list[Line]) -> None:
    for begin in range(0, len(lines), _LINES_AT_ONCE):
        some = lines[begin : begin + _LINES_AT_ONCE]
        await response.write(b"".join(_told(_view(line)) for line in some))


def _view(line: Line) -> dict[str, object]:
    return {
        "time": told_moment(line.time_ns),
        "level": line.level,
        "actor": str(line.address),
        "turn": line.turn,
        "request_id": line.request_id,
        "message": line.message,
    }


def _told(value: dict[str, object]) -> bytes:
    return json.dumps(value).encode() + b"\n"
