"""The one door to the world: time, randomness, ids, tasks, threads.

Nothing else in the host imports `time`, `random`, `secrets`, `uuid` or
`threading`, or makes a task (a test forbids it). So whoever swaps the Env
decides everything that happens, and that is what the simulator does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

__all__ = ["Env", "Handle", "Thread", "ThreadedEnv"]

Result = TypeVar("Result")


class Handle(Protocol):
    """Something that will run later, unless cancelled before."""

    def cancel(self) -> None: ...


class Env(Protocol):
    """What a node sees of the world. All methods belong to the loop's thread.

    Futures and tasks are asyncio's own; only the loop beneath differs between
    production and simulation. `await` is the only way to wait.
    """

    def monotonic_ns(self) -> int:
        """Nanoseconds on a clock that never goes back; its zero means nothing."""
        ...

    def wall_ns(self) -> int:
        """Nanoseconds since 1970. It may jump either way: nothing safe rests on it."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """Bytes that nobody can predict (in simulation: from the tape)."""
        ...

    def new_id(self) -> str:
        """An id that no other node ever makes: 32 hex digits."""
        ...

    def future(self) -> asyncio.Future[Any]: ...

    def spawn(self, work: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        """Starts `work` on its own.

        The Env keeps a reference until it ends. An exception that nobody
        awaits is given to the Env's fault handler: it never passes silently.
        """
        ...

    def call_soon(self, function: Callable[..., object], *arguments: object) -> Handle: ...

    def call_later(
        self, delay_ms: float, function: Callable[..., object], *arguments: object
    ) -> Handle: ...

    async def sleep(self, delay_ms: float) -> None: ...

    async def within(self, limit_ms: float, work: Awaitable[Result]) -> Result:
        """Awaits `work` for at most `limit_ms`, then cancels it.

        Raises:
            TimeoutError: it took longer.
        """
        ...

    async def blocking(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Runs something that blocks where it does not hold up the loop."""
        ...


class Thread(Protocol):
    def join(self) -> None:
        """Waits, with the caller's thread, until the thread has ended."""
        ...


class ThreadedEnv(Env, Protocol):
    """An Env with threads: production's. For the few parts that the simulator
    replaces as a whole: the writer of the embedded store, the ticker of epochs.
    Its `monotonic_ns` may be asked by any thread.
    """

    def start_thread(self, work: Callable[[], object], name: str) -> Thread:
        """Runs `work` in a thread of its own.

        An exception that escapes from it is given to the fault handler. The
        process does not wait for the thread when it exits.
        """
        ...

    def from_thread(self, function: Callable[..., object], *arguments: object) -> None:
        """Has the loop call something soon. The one method for other threads that changes anything.

        Raises:
            RuntimeError: the loop is closed.
        """
        ...

    def every(self, period_ms: float, work: Callable[[], object], name: str) -> Handle:
        """Calls `work` once a period, in a thread of its own.

        When `cancel` has returned it is not running and will not be called.
        """
        ...
