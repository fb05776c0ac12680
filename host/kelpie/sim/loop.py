"""An event loop of our own: virtual time, and a tape that decides who goes next.

Ordinary asyncio futures and tasks run on it. Every callback belongs to the node
in its context.

* Within a node callbacks run first come first served, as asyncio promises for
  `call_soon`; production code may rest on that. *Between* nodes the tape
  chooses at every step.
* Timers fire by virtual time, never early, and late by a little that the tape
  draws. Nothing sleeps: when nothing is ready, time jumps to the next timer.
* Every step takes a little virtual time, so that clocks go on while code runs.
* There are no threads, sockets or executors: asking for one is an error.

Killing a node means that none of its callbacks ever runs again: its tasks stand still for
ever, without cleanup. Pausing holds its callbacks back until it is resumed.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

from kelpie.errors import KelpieError
from kelpie.sim.callbacks import Callback, Elapsed
from kelpie.sim.node import NODE, Life, Node, unheard, unwind
from kelpie.sim.tape import Tape

__all__ = ["Deadlock", "Livelock", "SimLoop"]

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
Work = Coroutine[Any, Any, Result] | Generator[Any, None, Result]

_NANOSECONDS: Final = 1_000_000_000
_STEP_NS: Final = 2_000
_TIMER_LATE_NS_MAX: Final = 200_000


class Deadlock(Exception):
    """Nothing is ready, nothing is due, and the run is not over."""


class Livelock(Exception):
    """The run took more steps, or more virtual time, than it may."""


class SimLoop(asyncio.AbstractEventLoop):
    """See the module. One loop is one run; it is used once and closed.

    `faults` collects what asyncio hands to a loop's exception handler, in words.
    See `unheard` for all that went wrong unheard.
    """

    def __init__(self, tape: Tape, *, steps_max: int, time_ms_max: int) -> None:
        self.now_ns = 0
        self.steps = 0
        self.faults: list[str] = []
        self.world = Node("world")
        self.nodes: list[Node] = [self.world]
        self._tape = tape
        self._steps_max = steps_max
        self._time_ns_max = time_ms_max * 1_000_000
        self._runnable: list[Node] = []
        self._timers: list[tuple[int, int, Callback, Node]] = []
        self._timers_made = 0
        self._closed = False
        self._running = False

    # Nodes.

    def node(self, name: str) -> Node:
        node = Node(name)
        self.nodes.append(node)
        return node

    def spawn(
        self, node: Node, work: Coroutine[Any, Any, Result], name: str
    ) -> asyncio.Task[Result]:
        """Starts `work` on a node. Everything that it starts belongs to it too."""
        return self.create_task(work, name=name, context=node.context.copy())

    def kill(self, node: Node) -> None:
        """None of the node's callbacks runs from now on, except the rest of the
        one that is running. Final."""
        node.life = Life.DEAD
        node.ready.clear()
        self._forget(node)

    def pause(self, node: Node) -> None:
        assert node.life is Life.RUNNING, node
        node.life = Life.PAUSED
        node.pauses += 1
        self._forget(node)

    def resume(self, node: Node) -> None:
        assert node.life is Life.PAUSED, node
        node.life = Life.RUNNING
        if node.ready:
            self._runnable.append(node)

    def _forget(self, node: Node) -> None:
        with suppress(ValueError):
            self._runnable.remove(node)

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self.now_ns / _NANOSECONDS

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._running

    def is_closed(self) -> bool:
        return self._closed

    def call_soon(
        self,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.Handle:
        if context is None:
            context = copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._enqueue(context.get(NODE, self.world), handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        if context is None:
            context = copy_context()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._set_timer(int(when * _NANOSECONDS) + 1, handle, context.get(NODE, self.world))
        return handle

    def _set_timer(self, due_ns: int, handle: Callback, node: Node) -> None:
        self._timers_made += 1
        # It may be late, but never early: that is why the above is rounded up.
        due_ns += self._tape.draw("timer", _TIMER_LATE_NS_MAX)
        heapq.heappush(self._timers, (due_ns, self._timers_made, handle, node))

    def elapsed(self, delay_ns: int) -> asyncio.Future[None]:
        """What `asyncio.sleep` waits for, at a smaller cost: of all waits most are these."""
        future = self.create_future()
        self._set_timer(self.now_ns + delay_ns, Elapsed(future), NODE.get(self.world))
        return future

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Asked by asyncio. Cancelled timers are dropped when they are due."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Work[Result],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[Result]:
        if self._closed:
            # Cleanup that starts something new: it will not run.
            coro.close()
        if context is None:
            context = copy_context()
        task: asyncio.Task[Result] = asyncio.Task(coro, loop=self, name=str(name), context=context)
        context.get(NODE, self.world).keep(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        exception = context.get("exception")
        if self._closed or self._of_the_dead(context.get("future"), exception):
            return
        self.faults.append(f"{context['message']}: {exception!r}")

    def _of_the_dead(self, future: object, exception: object) -> bool:
        """Whether an exception went unheard because the listener died: one that
        the host raises on purpose, in a future that nobody waits for any more."""
        orphaned = future is not None and not isinstance(future, asyncio.Task)
        expected = isinstance(exception, KelpieError)
        return orphaned and expected and any(node.dead for node in self.nodes)

    def unheard(self) -> list[str]:
        """All exceptions that nobody heard of until now, deaths aside."""
        found = list(self.faults)
        for node in self.nodes:
            for task in node.tasks:
                if task.done() and unheard(task):
                    error = task.exception()
                    if not (node.dead and isinstance(error, KelpieError)):
                        found.append(f"the task {task.get_name()} of {node.name}: {error!r}")
        return found

    # Running.

    def run_until_complete(self, future: Any) -> Any:
        """Runs the world until a future of it is done; gives its result.

        Raises:
            Deadlock: it can never be done.
            Livelock: it takes too long.
        """
        assert not self._closed
        assert not self._running
        self._running = True
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            if asyncio.iscoroutine(future):
                future = self.spawn(self.world, future, "main")
            while not future.done():
                self._step()
            return future.result()
        finally:
            asyncio._set_running_loop(outer)
            self._running = False

    def _step(self) -> None:
        self.steps += 1
        self.now_ns += _STEP_NS
        if self.steps > self._steps_max or self.now_ns > self._time_ns_max:
            raise Livelock(f"not over after {self.steps} steps, {self.now_ns / 1e9:.1f} s")
        while not self._runnable:
            self._jump()
        if self._timers and self._timers[0][0] <= self.now_ns:
            self._fire()
        nodes = self._runnable
        choice = self._tape.draw("order", len(nodes)) if len(nodes) > 1 else 0
        node = nodes[choice]
        handle = node.ready.popleft()
        if not node.ready:
            del nodes[choice]
        if not handle.cancelled():
            handle._run()

    def _jump(self) -> None:
        """Goes to the time of the next timer."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            held = [node.name for node in self.nodes if node.life is Life.PAUSED]
            raise Deadlock(f"nothing is ready and nothing is due (paused: {held})")
        self.now_ns = max(self.now_ns, self._timers[0][0])
        self._fire()

    def _fire(self) -> None:
        """Makes the timers ready that are due."""
        while self._timers and self._timers[0][0] <= self.now_ns:
            _, _, handle, node = heapq.heappop(self._timers)
            if not handle.cancelled():
                self._enqueue(node, handle)

    def _enqueue(self, node: Node, handle: Callback) -> None:
        if self._closed or node.life is Life.DEAD:
            handle.cancel()
            return
        if not node.ready and node.life is Life.RUNNING:
            self._runnable.append(node)
        node.ready.append(handle)

    # The end.

    def close(self) -> None:
        """Ends the world: nothing runs here any more.

        What still stands is unwound now, outside of the simulated world, where
        it can reach nobody: so native resources are freed.
        """
        assert not self._running
        if self._closed:
            return
        self._closed = True
        self._timers.clear()
        self._runnable.clear()
        for node in self.nodes:
            node.life = Life.DEAD
            node.ready.clear()
            while node.tasks:
                unwind(node.tasks.pop())
