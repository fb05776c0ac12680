"""The Env of production: the machine's clocks and entropy, asyncio on uvloop, threads."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import uvloop

from kelpie.env import Handle, Thread
from kelpie.env.stoppable import Stoppable
from kelpie.limits import DEFAULT_LIMITS, Limits

__all__ = ["FaultHandler", "RealEnv", "run"]

Result = TypeVar("Result")

_ID_BYTES = 16
_IDS_AT_ONCE = 256

FaultHandler = Callable[[str, BaseException | None], object]
"""Told of what nobody else will hear of: what happened, and the exception.

It is always called in the loop's thread.
"""


def run(
    main: Callable[[RealEnv], Coroutine[Any, Any, Result]],
    on_fault: FaultHandler,
    limits: Limits = DEFAULT_LIMITS,
) -> Result:
    """Runs `main` with an Env on a new event loop, until it returns.

    Tasks that still run then are cancelled and awaited.
    """

    async def with_env() -> Result:
        env = RealEnv(on_fault, limits)
        try:
            return await main(env)
        finally:
            env.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(with_env())


class RealEnv:
    """A `ThreadedEnv` over the loop that runs when it is made.

    It takes over that loop's exception handler: what fails with nobody to
    notice, in a task, a callback or a thread, goes to `on_fault`. A task's
    failure is told once the task is dropped without having been awaited.
    """

    def __init__(self, on_fault: FaultHandler, limits: Limits = DEFAULT_LIMITS) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_fault = on_fault
        self._tasks: set[asyncio.Task[Any]] = set()
        self._new_ids: list[str] = []
        self._pool = ThreadPoolExecutor(limits.blocking_threads_max, "kelpie-blocking")
        self._loop.set_exception_handler(self._unhandled)
        # The loop's own: these are on every path.
        self.future: Callable[[], asyncio.Future[Any]] = self._loop.create_future
        self.call_soon: Callable[..., Handle] = self._loop.call_soon

    def close(self) -> None:
        """Lets go of the idle threads for `blocking`. What runs in them goes on."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    monotonic_ns = staticmethod(time.monotonic_ns)
    wall_ns = staticmethod(time.time_ns)
    random_bytes = staticmethod(secrets.token_bytes)

    def new_id(self) -> str:
        if not self._new_ids:
            # Asking the system for each would cost more than all else of a short request.
            digits = secrets.token_hex(_ID_BYTES * _IDS_AT_ONCE)
            step = 2 * _ID_BYTES
            self._new_ids = [digits[at : at + step] for at in range(0, len(digits), step)]
        return self._new_ids.pop()

    def spawn(self, work: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def call_later(
        self, delay_ms: float, function: Callable[..., object], *arguments: object
    ) -> Handle:
        return self._loop.call_later(delay_ms / 1000, function, *arguments)

    async def sleep(self, delay_ms: float) -> None:
        await asyncio.sleep(delay_ms / 1000)

    async def within(self, limit_ms: float, work: Awaitable[Result]) -> Result:
        async with asyncio.timeout(limit_ms / 1000):
            return await work

    async def blocking(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Runs it in a thread. When the caller is cancelled, it goes on there."""
        return await self._loop.run_in_executor(self._pool, function, *arguments)

    def start_thread(self, work: Callable[[], object], name: str) -> Thread:
        thread = threading.Thread(target=self._guard, args=(work, name), name=name, daemon=True)
        thread.start()
        return thread

    def from_thread(self, function: Callable[..., object], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(function, *arguments)

    def every(self, period_ms: float, work: Callable[[], object], name: str) -> Handle:
        stop = threading.Event()

        def tick() -> None:
            while not stop.wait(period_ms / 1000):
                work()

        return Stoppable(stop, self.start_thread(tick, name))

    def _guard(self, work: Callable[[], object], name: str) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - a thread's end must not pass unseen
            self.from_thread(self._on_fault, f"the thread {name!r} failed", error)

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        del loop
        task = context.get("task") or context.get("future")
        name = f" ({task.get_name()})" if isinstance(task, asyncio.Task) else ""
        self._on_fault(f"{context['message']}{name}", context.get("exception"))
