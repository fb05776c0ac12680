"""What actors say, and what went wrong in their turns: to the log, and to whoever follows.

Every entry of the log has `about`, a mapping with the actor, and with turn and
request where they are known. An entry of an actor's own words has them in
`lines`.
"""

from __future__ import annotations

import logging
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from kelpie.env import Env
from kelpie.errors import HostFault, KelpieError, LoadFailed, StoredValueCorrupt
from kelpie.ids import Address
from kelpie.limits import Limits
from kelpie.runtime.telemetry.recent_lines import Line, RecentLines
from kelpie.wasm.turn import Level, LogLine

__all__ = ["About", "GuestLog"]

_log = logging.getLogger("kelpie")
_guest_log = logging.getLogger("kelpie.actor")

_LEVELS: dict[Level, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_LINE_LEVELS: dict[Level, str] = {
    level: logging.getLevelName(number).lower() for level, number in _LEVELS.items()
}


class About(NamedTuple):
    """Whose turn it was. The number is that which its guest was told: of a turn
    that commits nothing, the next one has it too."""

    address: Address
    turn: int | None = None
    request_id: str | None = None
    trace_id: str | None = None

    def line(self, time_ns: int, level: str, message: str) -> Line:
        """What is kept of what was said."""
        return Line(time_ns, level, self.address, self.turn, self.request_id, message)

    def members(self) -> dict[str, object]:
        """As an entry of the log has it."""
        told = {
            "actor": str(self.address),
            "turn": self.turn,
            "request_id": self.request_id,
            "trace_id": self.trace_id,
        }
        return {name: value for name, value in told.items() if value is not None}


class GuestLog:
    """What is said in the turns of one node. What is kept of it does not depend
    on the levels of the log."""

    def __init__(self, env: Env, limits: Limits) -> None:
        self._env = env
        self.recent = RecentLines(env, limits)

    def said(self, lines: list[LogLine], about: About) -> None:
        """A turn has said something."""
        now = self._env.wall_ns()
        for line in lines:
            self.recent.add(about.line(now, _LINE_LEVELS[line.level], line.message))
        # Line after line of one level is one entry: an entry costs more than a line.
        for level, group in groupby(lines, key=attrgetter("level")):
            if _guest_log.isEnabledFor(_LEVELS[level]):
                told = [line.message for line in group]
                extra = {"about": about.members(), "lines": told}
                _guest_log.log(_LEVELS[level], "%s", "\n".join(told), extra=extra)

    def failed(self, error: KelpieError, about: About) -> None:
        """A turn has failed; it is told of if whoever asked cannot be told enough."""
        extra = {"about": about.members()}
        if isinstance(error, HostFault):
            _log.error("the turn met a fault of the host", exc_info=error, extra=extra)
        elif isinstance(error, StoredValueCorrupt):
            _log.error("%s", error.message, extra=extra)
            self._keep("error", error.message, about)
        elif isinstance(error, LoadFailed):
            _log.warning("%s", error.message, extra=extra)
            self._keep("warning", error.message, about)
        elif "backtrace" in error.details:
            _guest_log.warning("%s", error.details["backtrace"], extra=extra)
            self._keep("warning", str(error.details["backtrace"]), about)

    def _keep(self, level: str, message: str, about: About) -> None:
        self.recent.add(about.line(self._env.wall_ns(), level, message))
