"""How the letters of one sender get to their receivers, and what becomes of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from kelpie.env.pauses import drawn_pause_ms
from kelpie.errors import KelpieError
from kelpie.ids import Address, Payload
from kelpie.runtime.messaging.delivery import Burial, Delivery, is_final
from kelpie.runtime.messaging.lane import Lane, Waiting
from kelpie.runtime.node import Node
from kelpie.runtime.requests.envelope import Envelope, principal_of
from kelpie.wasm.turn import Caller

__all__ = ["Carrier", "Way"]

_NS_PER_MS = 1_000_000
_DOUBLED_MAX = 16


class Way(Protocol):
    """What all senders share."""

    def submit(self, envelope: Envelope) -> asyncio.Future[Payload]: ...

    @property
    def is_full(self) -> bool:
        """Whether as much is under way as may be."""
        ...

    def holds(self, letters: int, size: int) -> None:
        """So much more, or less, is under way."""
        ...


class Carrier:
    """Has receivers run letters, one of each lane at a time. What is delivered, or
    dead, is in `settled`; the lane of one that has to be tried again is set back."""

    def __init__(
        self, node: Node, way: Way, sender: Address, on_progress: Callable[[Lane], None]
    ) -> None:
        self._node = node
        self._way = way
        self._sender = sender
        self._principal = principal_of(sender, node.limits)
        self._caller = Caller("actor", str(sender), sender)
        self._on_progress = on_progress
        self._closed = False
        self.in_flight = 0
        self.settled: list[Waiting] = []

    def close(self, lanes: Iterable[Lane]) -> None:
        """What receivers answer from now on concerns nobody."""
        self._closed = True
        for lane in lanes:
            self._let_go(lane.queue)

    def take(self, lane: Lane, waiting: Waiting) -> None:
        """One more letter, behind the others of its lane."""
        lane.queue.append(waiting)
        self._way.holds(1, waiting.letter.size)
        if not lane.in_flight:
            self._deliver(lane)

    def _deliver(self, lane: Lane) -> None:
        """Has the receiver run the first letter of a lane."""
        waiting = lane.queue[0]
        if lane.attempts == 0:
            lane.since_ns = self._node.env.monotonic_ns()
        errand = Delivery(self._sender, waiting.number, waiting.letter, lane.attempts + 1)
        lane.in_flight = True
        self.in_flight += 1
        self._submit(lane, errand, lambda error: self._failed(lane, errand, error))

    def _failed(self, lane: Lane, delivery: Delivery, error: KelpieError) -> None:
        """An attempt came to nothing."""
        limits = self._node.limits
        tried_ns = self._node.env.monotonic_ns() - lane.since_ns
        if (
            is_final(error)
            or lane.attempts + 1 >= limits.letter_attempts_max
            or tried_ns >= limits.letter_trying_ms_max * _NS_PER_MS
        ):
            errand = Burial(delivery, error)
            self._submit(lane, errand, lambda _: self._try_later(lane))
        else:
            self._try_later(lane)

    def _try_later(self, lane: Lane) -> None:
        limits, env = self._node.limits, self._node.env
        longest_ms = limits.letter_retry_ms_min << min(lane.attempts, _DOUBLED_MAX)
        pause_ms = drawn_pause_ms(env, min(longest_ms, limits.letter_retry_ms_max))
        self._node.meters.letters.tried_again += 1
        self.in_flight -= 1
        self._let_go(lane.give_up(env.monotonic_ns() + int(pause_ms * _NS_PER_MS)))
        self._on_progress(lane)

    def _submit(
        self, lane: Lane, errand: Delivery | Burial, failed: Callable[[KelpieError], None]
    ) -> None:
        """Has the errand done by the receiver; `failed` is told if it is not."""
        try:
            answer = self._way.submit(self._envelope(lane.queue[0], errand))
        except KelpieError as error:
            failed(error)
        else:
            answer.add_done_callback(lambda done: self._answered(lane, done, failed))

    def _answered(
        self,
        lane: Lane,
        answer: asyncio.Future[Payload],
        failed: Callable[[KelpieError], None],
    ) -> None:
        if answer.cancelled():
            return
        error = answer.exception()
        if self._closed:
            return
        if error is not None:
            assert isinstance(error, KelpieError), "the runtime answers with nothing else"
            failed(error)
            return
        self.in_flight -= 1
        waiting = lane.delivered()
        self._let_go([waiting])
        self.settled.append(waiting)
        if lane.queue:
            self._deliver(lane)
        self._on_progress(lane)

    def _envelope(self, waiting: Waiting, errand: Delivery | Burial) -> Envelope:
        letter = waiting.letter
        deadline_ms = self._node.limits.letter_deadline_ms
        return Envelope(
            letter.target,
            letter.operation,
            letter.argument,
            f"letter-{waiting.number}",
            self._principal,
            recorded=False,
            deadline_ns=self._node.env.monotonic_ns() + deadline_ms * _NS_PER_MS,
            caller=self._caller,
            errand=errand,
            cause=letter.cause,
        )

    def _let_go(self, letters: Iterable[Waiting]) -> None:
        """They are no longer held in memory."""
        for each in letters:
            self._way.holds(-1, -each.letter.size)
