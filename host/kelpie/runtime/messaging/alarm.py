"""Who has happen what is due on this node: reminders, and messages that were delayed.

What is due is found in an index by time, so what is not costs no memory. The
wall clock decides when that is. It is only looked at: whatever it does, a
reminder fires once for each time that its row is set for, since its turn's
commit sets the row for another.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from kelpie.errors import KelpieError, StoreError
from kelpie.ids import Address, Payload
from kelpie.runtime.cause import Cause
from kelpie.runtime.envelope import Envelope, principal_of
from kelpie.runtime.messaging.errand import Writes
from kelpie.runtime.messaging.firing import Firing, Release
from kelpie.runtime.messaging.reminder import Reminder
from kelpie.runtime.node import Node
from kelpie.store.chunks import read_value
from kelpie.store.due_keys import BUCKETS, Due, due, due_since, is_due, reminder_name
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact
from kelpie.store.tuples import after
from kelpie.wasm.turn import Caller

__all__ = ["Alarm"]

_NS_PER_MS = 1_000_000
_DOUBLED_MAX = 16
_RELEASE = "(send)"
"""What logs call a delayed message that leaves, where others have an operation."""


class Alarm:
    """Looks for what is due, and has the actors handle it."""

    def __init__(self, node: Node, submit: Callable[[Envelope], asyncio.Future[Payload]]) -> None:
        self._node = node
        self.submit = submit
        self._in_flight: set[bytes] = set()
        self._put_off: OrderedDict[bytes, tuple[int, int]] = OrderedDict()
        """What could not be handled: how often that was, and until when it waits,
        on the monotonic clock."""
        self._next_ms = 0
        """When the next look is due, on the wall clock."""
        self._kick: asyncio.Future[None] | None = None
        self._is_over = False
        self.looks = 0
        """How often it has looked for what is due."""

    def __len__(self) -> int:
        """What is being handled."""
        return len(self._in_flight)

    def wrote(self, _address: Address, writes: Writes) -> None:
        """The rows were committed, or may have been."""
        times = [
            due(key).at_ms for key, value in writes.items() if value is not None and is_due(key)
        ]
        if times and min(times) < self._next_ms:
            self._look()

    async def run(self) -> None:
        """Goes on for ever."""
        env, poll_ms = self._node.env, self._node.limits.due_poll_ms
        while not self._is_over:
            self._kick = env.future()
            now_ms = env.wall_ns() // _NS_PER_MS
            # Until it has looked, whatever is written is news.
            self._next_ms = now_ms + poll_ms
            try:
                following = [await self._begin_due(bucket, now_ms) for bucket in range(BUCKETS)]
            except StoreError:
                following = []
            self.looks += 1
            self._next_ms = min((now_ms + poll_ms, *(each for each in following if each)))
            timer = env.call_later(max(1, self._next_ms - now_ms), self._look)
            try:
                await self._kick
            finally:
                timer.cancel()

    def close(self) -> None:
        """Begins nothing more. What is with an actor goes on."""
        self._is_over = True

    def _look(self) -> None:
        if self._kick is not None and not self._kick.done():
            self._kick.set_result(None)

    async def _begin_due(self, bucket: int, now_ms: int) -> int | None:
        """Begins what is due in a bucket, as much as there is room for; when the
        next after that is, if there is one.

        Raises:
            StoreError
        """
        limits = self._node.limits
        begin, end = due_since(bucket, 0)
        while True:
            with reading(self._node.store) as transaction:
                rows = await transaction.get_range(
                    begin, end, limit=limits.due_rows_at_once_max, snapshot=True
                )
                for key, _ in rows:
                    found = due(key)
                    if found.at_ms > now_ms:
                        return found.at_ms
                    if self._is_over or len(self._in_flight) >= limits.due_in_flight_max:
                        return None
                    if not self._waits(key):
                        await self._begin(transaction, key, found)
            if len(rows) < limits.due_rows_at_once_max:
                return None
            begin = after(rows[-1][0])

    def _waits(self, key: bytes) -> bool:
        if key in self._in_flight:
            return True
        _, until_ns = self._put_off.get(key, (0, 0))
        return self._node.env.monotonic_ns() < until_ns

    async def _begin(self, transaction: Transaction, key: bytes, found: Due) -> None:
        self._in_flight.add(key)
        try:
            envelope = await self._envelope(transaction, key, found)
            if envelope is None:
                await self._drop(key, found)
                self._in_flight.discard(key)
                return
            answer = self.submit(envelope)
        except KelpieError:
            self._try_later(key)
        else:
            answer.add_done_callback(lambda done: self._answered(key, done))

    def _answered(self, key: bytes, answer: asyncio.Future[Payload]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            self._try_later(key)
            return
        self._in_flight.discard(key)
        self._put_off.pop(key, None)
        if len(self._in_flight) == self._node.limits.due_in_flight_max - 1:
            # There was no room for more.
            self._look()

    def _try_later(self, key: bytes) -> None:
        limits, env = self._node.limits, self._node.env
        times, _ = self._put_off.pop(key, (0, 0))
        longest_ms = limits.letter_retry_ms_min << min(times, _DOUBLED_MAX)
        pause_ms = min(longest_ms, limits.letter_retry_ms_max)
        self._put_off[key] = times + 1, env.monotonic_ns() + pause_ms * _NS_PER_MS
        if len(self._put_off) > limits.due_put_off_max:
            self._put_off.popitem(last=False)
        self._in_flight.discard(key)

    async def _envelope(self, transaction: Transaction, key: bytes, found: Due) -> Envelope | None:
        """What the actor is asked; None if the row of the index is out of date.

        Raises:
            StoreError
        """
        address = found.address
        if not found.is_reminder:
            errand = Release(found.row, key)
            return self._ask(address, _RELEASE, Payload(True, b""), key.hex()[-32:], None, errand)
        stored = await read_value(transaction, found.row, snapshot=True)
        if stored is None:
            return None
        reminder = Reminder.read(found.row, stored)
        if reminder.due_ms != found.at_ms:
            return None
        name = reminder_name(ActorKeys(address), found.row)
        return self._ask(
            address,
            reminder.operation,
            reminder.argument,
            f"reminder-{reminder.turn}-{found.at_ms}",
            Caller("reminder", name),
            Firing(name, found.row, key, stored),
        )

    def _ask(
        self,
        target: Address,
        operation: str,
        argument: Payload,
        request_id: str,
        caller: Caller | None,
        errand: Firing | Release,
    ) -> Envelope:
        limits = self._node.limits
        deadline_ns = self._node.env.monotonic_ns() + limits.letter_deadline_ms * _NS_PER_MS
        return Envelope(
            target,
            operation,
            argument,
            request_id,
            principal_of(target, limits),
            recorded=False,
            deadline_ns=deadline_ns,
            caller=caller,
            errand=errand,
            cause=Cause("reminder"),
        )

    async def _drop(self, key: bytes, found: Due) -> None:
        """Takes a row out of the index that says what is not so, as after the end
        of a kind."""

        async def work(transaction: Transaction) -> None:
            await self._node.check_alive(transaction)
            stored = await read_value(transaction, found.row)
            if stored is None or Reminder.read(found.row, stored).due_ms != found.at_ms:
                transaction.clear(key)

        node = self._node
        await transact(node.env, node.store, node.limits, work, repeatable=True)
