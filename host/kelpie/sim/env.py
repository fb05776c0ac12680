"""The world as one simulated node sees it: `kelpie.env.Env` over a SimLoop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from hashlib import blake2b
from typing import Any, Final, TypeVar

from kelpie.env import Handle
from kelpie.sim.loop import SimLoop
from kelpie.sim.node import Node
from kelpie.sim.tape import Tape

__all__ = ["SimEnv"]

Result = TypeVar("Result")

_BIRTH_NS: Final = 1_800_000_000_000_000_000  # 2027-01-15
_ZERO_NS_MAX: Final = 1_000_000_000_000
_SKEW_NS_MAX: Final = 60_000_000_000
_DRIFT_PPM_MAX: Final = 500
_MILLION: Final = 1_000_000


class SimEnv:
    """One node's clocks, entropy, ids and tasks.

    The monotonic clock has a zero of its own and drifts by up to 500 parts in a
    million. The wall clock is skewed besides, and jumps when `jump_wall` says
    so. Waits are measured by the node's own monotonic clock.
    """

    def __init__(self, loop: SimLoop, node: Node, tape: Tape) -> None:
        self.node = node
        node.env = self
        self._loop = loop
        self._tape = tape
        self._zero_ns = tape.draw("clock/zero", _ZERO_NS_MAX)
        self._skew_ns = _either_way(tape, "clock/skew", _SKEW_NS_MAX)
        self._rate_ppm = _MILLION + _either_way(tape, "clock/drift", _DRIFT_PPM_MAX)
        self._made = 0

    def jump_wall(self, by_ns: int) -> None:
        """The wall clock is set, forward or back."""
        self._skew_ns += by_ns

    def monotonic_ns(self) -> int:
        return self._zero_ns + self._loop.now_ns * self._rate_ppm // _MILLION

    def wall_ns(self) -> int:
        return _BIRTH_NS + self.monotonic_ns() - self._zero_ns + self._skew_ns

    def random_bytes(self, count: int) -> bytes:
        """Different at every call even where the tape says zero, so that a
        shrunk run does not fail of two equal ids."""
        self._made += 1
        word = self._tape.draw("random", 1 << 64)
        seed = f"{self.node.name}/{self._made}/{word}".encode()
        blocks = range((count + 63) // 64)
        return b"".join(blake2b(seed, salt=block.to_bytes(16)).digest() for block in blocks)[:count]

    def new_id(self) -> str:
        return self.random_bytes(16).hex()

    def future(self) -> asyncio.Future[Any]:
        return self._loop.create_future()

    def spawn(self, work: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        return self._loop.create_task(work, name=name)

    def call_soon(self, function: Callable[..., object], *arguments: object) -> Handle:
        return self._loop.call_soon(function, *arguments)

    def call_later(
        self, delay_ms: float, function: Callable[..., object], *arguments: object
    ) -> Handle:
        return self._loop.call_later(self._seconds(delay_ms), function, *arguments)

    async def sleep(self, delay_ms: float) -> None:
        await asyncio.sleep(self._seconds(delay_ms))

    async def within(self, limit_ms: float, work: Awaitable[Result]) -> Result:
        async with asyncio.timeout(self._seconds(limit_ms)):
            return await work

    async def blocking(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Runs it here and now, with a turn of the loop before and after, as a
        thread would give to the others."""
        await asyncio.sleep(0)
        result = function(*arguments)
        await asyncio.sleep(0)
        return result

    def _seconds(self, delay_ms: float) -> float:
        # A clock that runs fast has counted the delay in less true time. Rounded
        # up, so that this node's clock never finds its own timer early.
        return (delay_ms * 1e6 * _MILLION / self._rate_ppm + 2) / 1e9


def _either_way(tape: Tape, label: str, bound: int) -> int:
    """Between `-bound` and `bound`. Zero, the quiet choice, is none of either."""
    choice = tape.draw(label, 2 * bound + 1)
    return (choice + 1) // 2 if choice % 2 else -(choice // 2)
