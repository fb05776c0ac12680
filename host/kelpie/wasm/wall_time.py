"""The time that a turn has."""

from __future__ import annotations

from kelpie.env import Env
from kelpie.limits import Limits
from kelpie.wasm.collector import Suspension

__all__ = ["WallTime"]

_NS_PER_MS = 1_000_000


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
        env = self._env
        begun_ns = env.monotonic_ns()
        if suspension.timed:
            left_ms = (self._ends_ns - begun_ns) / _NS_PER_MS
            # Also when time is up: the question was asked and has to be heard.
            await env.within(max(left_ms, 0), suspension.settle())
            if left_ms <= 0:
                raise TimeoutError
        else:
            await suspension.settle()
            self._ends_ns += env.monotonic_ns() - begun_ns
