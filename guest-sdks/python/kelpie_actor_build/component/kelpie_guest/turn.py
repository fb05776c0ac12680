"""The running turn, as the standard library's functions see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["BuildTimeRandomness", "RunningTurn", "turn", "unsupported"]

ENTROPY_BYTES_MAX = 65_536


class BuildTimeRandomness(RuntimeError):
    """Something random was asked for while the component was built."""


class RunningTurn:
    """One for each instance. A turn begins by setting `is_stale`, and pays for no more:
    what depends on the turn is made anew when it is used for the first time."""

    __slots__ = ("_resets", "host", "is_building", "is_stale", "output", "slept_ns")

    def __init__(self) -> None:
        self.host: Any = None
        self.is_building = True
        self.is_stale = True
        self.slept_ns = 0
        self.output: list[Any] = []
        """Streams with a line that is not ended."""
        self._resets: list[Callable[[], None]] = []

    def on_begin(self, reset: Callable[[], None]) -> None:
        self._resets.append(reset)

    def begin(self) -> None:
        """Whoever finds `is_stale` set calls this first."""
        self.is_stale = False
        self.slept_ns = 0
        for reset in self._resets:
            reset()

    def now_ns(self) -> int:
        """The turn's time and what was slept in it. While a component is built it is
        1970: no build has the time of another in it."""
        if self.is_building:
            return 0
        if self.is_stale:
            self.begin()
        now: int = self.host.now()
        return now + self.slept_ns

    def sleep(self, nanoseconds: int) -> None:
        if not self.is_building and self.is_stale:
            self.begin()
        self.slept_ns += nanoseconds

    def entropy(self, length: int) -> bytes:
        if self.is_building:
            raise BuildTimeRandomness(
                "this asks for randomness while the component is built: every actor would get "
                "the same. Do it within an operation"
            )
        if length < 0:
            raise ValueError("negative argument not allowed")
        if self.is_stale:
            self.begin()
        draw: Callable[[int], bytes] = self.host.entropy_bytes
        if length <= ENTROPY_BYTES_MAX:
            return draw(length)
        pieces = [ENTROPY_BYTES_MAX] * (length // ENTROPY_BYTES_MAX)
        rest = length % ENTROPY_BYTES_MAX
        return b"".join(map(draw, [*pieces, rest] if rest else pieces))

    def end(self) -> None:
        """Called where `output` has something: the line belongs to this turn."""
        for stream in self.output:
            stream.end_line()
        self.output.clear()


turn = RunningTurn()


def unsupported(what: str) -> NoReturn:
    raise OSError(58, what)  # ENOTSUP
