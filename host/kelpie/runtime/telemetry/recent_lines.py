"""What actors have said lately, for whoever asks, and what they say, for whoever follows.

Both are in memory only and bounded. A turn pays for a line what it costs to put
it in line; nothing waits for a reader.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from kelpie.env import Env
from kelpie.errors import Draining, Overloaded
from kelpie.ids import Address
from kelpie.limits import Limits
from kelpie.runtime.telemetry.line_follower import LineFollower

__all__ = ["LINE_LEVELS", "Line", "RecentLines", "Wanted"]

LINE_LEVELS = ("debug", "info", "warning", "error")

# Of a line besides its message, about.
_LINE_BYTES = 256
_RETRY_AFTER_MS = 5_000


class Line(NamedTuple):
    """One line that an actor has said, or that was said of its failure."""

    time_ns: int
    """Since 1970, when its turn ended."""
    level: str
    """One of LINE_LEVELS."""
    address: Address
    turn: int | None
    """The number that the actor was told; None before there is a turn."""
    request_id: str | None
    message: str

    @property
    def bytes(self) -> int:
        """The memory it takes, about."""
        return _LINE_BYTES + sys.getsizeof(self.message)


class Wanted(NamedTuple):
    """Which lines somebody wants."""

    namespace: str
    kind: str | None = None
    """None: of every kind."""
    key: str | None = None
    """None: of every actor of the kind."""
    level: str = "debug"
    """This one and above."""
    since_ns: int = 0
    """Since 1970."""

    def has(self, line: Line) -> bool:
        namespace, kind, key = line.address
        return (
            (self.kind is None or self.kind == kind)
            and (self.key is None or self.key == key)
            and namespace == self.namespace
            and LINE_LEVELS.index(line.level) >= LINE_LEVELS.index(self.level)
            and line.time_ns >= self.since_ns
        )


class RecentLines:
    """The lines of all actors of one node. Belongs to the Env's loop."""

    def __init__(self, env: Env, limits: Limits) -> None:
        self._env = env
        self._limits = limits
        self._lines: deque[Line] = deque()
        self._bytes = 0
        self._followers: dict[LineFollower[Line], tuple[Wanted, str | None]] = {}
        """What each wants, and as whom it was let in."""
        self._closed = False

    def add(self, line: Line) -> None:
        size = line.bytes
        self._lines.append(line)
        self._bytes += size
        while self._bytes > self._limits.recent_lines_bytes_max:
            self._bytes -= self._lines.popleft().bytes
        for follower, (wanted, _) in self._followers.items():
            if wanted.has(line):
                follower.add(line, size)

    def find(self, wanted: Wanted, last: int | None = None) -> list[Line]:
        """What is kept of what is wanted, the oldest first; at most the `last` ones."""
        found = list(islice(self._newest_first(wanted), last))
        found.reverse()
        return found

    def follow(self, wanted: Wanted, principal: str | None = None) -> LineFollower[Line]:
        """What is wanted, as it is said from now on. To be given back to `leave`.
        `principal` is who wants it, if anybody needs a token.

        Raises:
            Overloaded: as many follow as may, or as many of this principal.
            Draining: nothing will be said any more.
        """
        if self._closed:
            raise Draining("the host is stopping")
        limits = self._limits
        count = len(self._followers)
        if count >= limits.line_followers_max:
            raise _too_many(count, "of this host", "line_followers_max")
        count = sum(whose == principal for _, whose in self._followers.values())
        if principal is not None and count >= limits.line_followers_of_principal_max:
            raise _too_many(count, f"as {principal!r}", "line_followers_of_principal_max")
        follower = LineFollower[Line](self._env, self._limits.line_follower_bytes_max)
        self._followers[follower] = wanted, principal
        return follower

    def leave(self, follower: LineFollower[Line]) -> None:
        """Nobody reads the follower any more."""
        self._followers.pop(follower, None)
        follower.end()

    def close(self) -> None:
        """Nothing more will be said: each follower ends once it has given what it has."""
        self._closed = True
        for follower in self._followers:
            follower.end()

    def _newest_first(self, wanted: Wanted) -> Iterator[Line]:
        return (line for line in reversed(self._lines) if wanted.has(line))


def _too_many(count: int, whose: str, limit: str) -> Overloaded:
    return Overloaded(
        f"{count} clients follow lines {whose} already ({limit})", retry_after_ms=_RETRY_AFTER_MS
    )
