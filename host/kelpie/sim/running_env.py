"""The Env of whichever node is running.

For what outlives all nodes and all runs, as the engine does: compiling a
component once is enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from kelpie.env import Env, Handle
from kelpie.sim.node import NODE

__all__ = ["RunningEnv"]

Result = TypeVar("Result")


def _env() -> Env:
    env = NODE.get().env
    assert env is not None, "only nodes with an Env run guests that wait"
    return env


class RunningEnv:
    """Forwards everything to the Env of the node whose callback runs."""

    def monotonic_ns(self) -> int:
        # Where no node runs, as in a replay, time stands still.
        return 0 if NODE.get(None) is None else _env().monotonic_ns()

    def wall_ns(self) -> int:
        return _env().wall_ns()

    def random_bytes(self, count: int) -> bytes:
        return _env().random_bytes(count)

    def new_id(self) -> str:
        return _env().new_id()

    def future(self) -> asyncio.Future[Any]:
        return _env().future()

    def spawn(self, work: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        return _env().spawn(work, name)

    def call_soon(self, function: Callable[..., object], *arguments: object) -> Handle:
        return _env().call_soon(function, *arguments)

    def call_later(
        self, delay_ms: float, function: Callable[..., object], *arguments: object
    ) -> Handle:
        return _env().call_later(delay_ms, function, *arguments)

    async def sleep(self, delay_ms: float) -> None:
        await _env().sleep(delay_ms)

    async def within(self, limit_ms: float, work: Awaitable[Result]) -> Result:
        return await _env().within(limit_ms, work)

    async def blocking(self, function: Callable[..., Result], *arguments: object) -> Result:
        return await _env().blocking(function, *arguments)
