"""The time that a turn has."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from kelpie.env import Env
from kelpie.limits import Limits
from kelpie.wasm.collector import Suspension

__all__ = ["WallTime"]

_NS_PER_MS = 1_000_000

Answer = TypeVar("Answer")


class WallTime:
    """What is left of a turn's `turn_wall_time_ms_max`.

    It stands still while the turn waits for another actor: that is not the
    guest's doing, and the deadline of its request says how long it may.
    """

    __slots__ = ("_ends_ns", "_env")

    def __init__(self, env: Env, limits: Limits) -> None:
        self._env = env
        self._ends_ns = env.monotonic_ns() + limits.turn_wall_time_ms_max * _NS_PER_MS

    def check(self) -> None:
        """Raises:
        TimeoutError: it is up.
        """
        if self._env.monotonic_ns() >= self._ends_ns:
            raise TimeoutError

    async def settle(self, suspension: Suspension) -> None:
        """Waits for the answer to a host call.

        Raises:
            TimeoutError: the time was up before it came.
        """
        await (self.within if suspension.timed else self.beside)(suspension.settle())

    async def within(self, answer: Awaitable[Answer]) -> Answer:
        """What comes of it, while time goes on.

        Raises:
            TimeoutError: as above.
        """
        left_ms = (self._ends_ns - self._env.monotonic_ns()) / _NS_PER_MS
        # Also when time is up: the question was asked and has to be heard.
        found = await self._env.within(max(left_ms, 0), answer)
        if left_ms <= 0:
            raise TimeoutError
        return found

    async def beside(self, answer: Awaitable[Answer]) -> Answer:
        """What comes of it, while time stands still."""
        begun_ns = self._env.monotonic_ns()
        found = await answer
        self._ends_ns += self._env.monotonic_ns() - begun_ns
        return found
