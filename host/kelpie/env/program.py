"""What a client needs of the world, within a program that is not ours."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

__all__ = ["ProgramEnv", "Surroundings", "run"]

Result = TypeVar("Result")

_ID_BYTES = 16


def run(
    main: Callable[[ProgramEnv], Coroutine[Any, Any, Result]],
    on_fault: Callable[[str, BaseException | None], object],
) -> Result:
    """Runs `main` on a new event loop, until it returns. What fails with nobody to
    notice is told to `on_fault`.

    The loop is asyncio's own: uvloop takes longer to import than most commands to run.
    """

    async def with_env() -> Result:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: on_fault(context["message"], context.get("exception"))
        )
        return await main(ProgramEnv())

    with asyncio.Runner() as runner:
        return runner.run(with_env())


class Surroundings(Protocol):
    """The part of Env that a client needs."""

    def monotonic_ns(self) -> int: ...

    def random_bytes(self, count: int) -> bytes: ...

    def new_id(self) -> str: ...

    def future(self) -> asyncio.Future[Any]: ...

    def spawn(self, work: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]: ...

    async def sleep(self, delay_ms: float) -> None: ...

    async def within(self, limit_ms: float, work: Awaitable[Result]) -> Result: ...


class ProgramEnv:
    """On whatever loop runs. Of that loop it takes nothing over."""

    monotonic_ns = staticmethod(time.monotonic_ns)
    random_bytes = staticmethod(os.urandom)

    def new_id(self) -> str:
        return os.urandom(_ID_BYTES).hex()

    def future(self) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().create_future()

    def spawn(self, work: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        """Whoever calls it has to keep the task, and to see what becomes of it."""
        return asyncio.get_running_loop().create_task(work, name=name)

    async def sleep(self, delay_ms: float) -> None:
        await asyncio.sleep(delay_ms / 1000)

    async def within(self, limit_ms: float, work: Awaitable[Result]) -> Result:
        async with asyncio.timeout(limit_ms / 1000):
            return await work
