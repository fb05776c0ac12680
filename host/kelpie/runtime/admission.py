"""Who gets in, and for how long: the requests that the whole host has taken on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from kelpie.env import Env, Handle
from kelpie.errors import Draining, Overloaded
from kelpie.limits import Limits
from kelpie.runtime.message import Message, Stage

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
        self._draining = False
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
        """Raises:
        Overloaded: the host holds as much as it may.
        """
        size = len(message.envelope.argument.data)
        limits = self._limits
        if (
            len(self._messages) >= limits.waiting_messages_max
            or self._bytes + size > limits.waiting_bytes_max
        ):
            raise Overloaded(
                f"{len(self._messages)} requests with {self._bytes} bytes wait in this host: "
                "ask again later"
            )
        self._messages[id(message)] = message
        self._bytes += size
        if self._sweep is None:
            self._schedule()

    def leave(self, message: Message) -> None:
        """A message has settled."""
        del self._messages[id(message)]
        self._bytes -= len(message.envelope.argument.data)
        if self._when_empty and not self._messages:
            for each in self._when_empty:
                if not each.done():
                    each.set_result(None)
            self._when_empty.clear()

    async def drain(self, limit_ms: float) -> None:
        """Takes no more, and waits until all have left, or time has run out."""
        self._draining = True
        if not self._messages:
            return
        empty: asyncio.Future[None] = self._env.future()
        self._when_empty.append(empty)
        try:
            await self._env.within(limit_ms, empty)
        except TimeoutError:
            return

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
