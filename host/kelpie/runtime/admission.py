"""Who gets in, and for how long: the requests that the whole host has taken on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from kelpie.env import Env, Handle
from kelpie.errors import Draining, Overloaded
from kelpie.limits import Limits
from kelpie.runtime.requests.message import Message, Stage

__all__ = ["Admission"]


class Admission:
    """Every message that was admitted and is not yet settled.

    Bounds their number and bytes over all actors, finds those that somebody has
    waited for until the deadline, and knows when the last one has left.
    """

    def __init__(self, env: Env, limits: Limits, expire: Callable[[Message], None]) -> None:
        self._env = env
        self._limits = limits
        self._expire = expire
        self._messages: dict[int, Message] = {}
        self._bytes = 0
        self._sweep: Handle | None = None
        self._calls = 0
        self._draining = self._closed = False
        self._when_empty: list[asyncio.Future[None]] = []

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def draining(self) -> bool:
        return self._draining

    def check(self) -> None:
        """Raises:
        Draining: the host takes no more.
        """
        if self._draining:
            raise Draining("the host is stopping: ask again when it is back")

    def admit(self, message: Message) -> None:
        """Also while the host drains: what was taken on may have to ask others.

        Raises:
            Overloaded: the host holds as much as it may.
            Draining: it has stopped.
        """
        if self._closed:
            raise Draining("the host has stopped: ask again when it is back")
        size = len(message.envelope.argument.data)
        limits = self._limits
        is_call = message.envelope.waiting_actors > 0
        # Those who wait for a call hold places of requests: it needs one of another sort.
        count = self._calls if is_call else len(self._messages) - self._calls
        count_max = limits.calls_waiting_max if is_call else limits.waiting_messages_max
        if count >= count_max or self._bytes + size > limits.waiting_bytes_max:
            raise Overloaded(
                f"{count} {'calls' if is_call else 'requests'} wait in this host, and all "
                f"arguments have {self._bytes} bytes: ask again later"
            )
        self._take(message)

    def readmit(self, message: Message) -> None:
        """Takes on what was taken on before a crash: it is refused no more.

        Raises:
            Draining: the host has stopped.
        """
        if self._closed:
            raise Draining("the host has stopped: it is gone on with when it is back")
        self._take(message)

    def _take(self, message: Message) -> None:
        self._messages[id(message)] = message
        self._bytes += len(message.envelope.argument.data)
        self._calls += message.envelope.waiting_actors > 0
        if self._sweep is None:
            self._schedule()

    def leave(self, message: Message) -> None:
        """A message has settled."""
        del self._messages[id(message)]
        self._bytes -= len(message.envelope.argument.data)
        self._calls -= message.envelope.waiting_actors > 0
        if self._when_empty and not self._messages:
            for each in self._when_empty:
                if not each.done():
                    each.set_result(None)
            self._when_empty.clear()

    async def drain(self, limit_ms: float) -> None:
        """Takes no more but calls of those that it has, and waits until all have
        left, or time has run out. Then it takes nothing."""
        self._draining = True
        if self._messages:
            empty: asyncio.Future[None] = self._env.future()
            self._when_empty.append(empty)
            with suppress(TimeoutError):
                await self._env.within(limit_ms, empty)
        self._closed = True

    def stages(self) -> Counter[tuple[str, str, Stage]]:
        """How many requests there are, by namespace, kind and stage.

        Counted when it is asked for: there are at most `waiting_messages_max`.
        """
        return Counter(
            (each.envelope.target.namespace, each.envelope.target.kind, each.stage)
            for each in self._messages.values()
        )

    def remaining(self) -> list[Message]:
        return list(self._messages.values())

    def _schedule(self) -> None:
        self._sweep = self._env.call_later(self._limits.deadline_sweep_ms, self._sweep_once)

    def _sweep_once(self) -> None:
        # One sweep over what is outstanding costs less than a timer for each.
        self._sweep = None
        if self._messages:
            self._schedule()
        now = self._env.monotonic_ns()
        for message in [m for m in self._messages.values() if m.due_ns <= now]:
            self._expire(message)
