"""Who has happen what is due on this node: reminders, and messages that were delayed.

What is due is found in an index by time, so what is not costs no memory. The
wall clock decides when that is. It is only looked at: whatever it does, a
reminder fires once for each time that its row is set for, since its turn's
commit sets the row for another.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import NamedTuple

from kelpie.env.bell import Bell
from kelpie.env.pauses import drawn_pause_ms
from kelpie.errors import KelpieError, StoreError
from kelpie.ids import Address, Payload
from kelpie.runtime.messaging.firing import Delayed, Firing, Release
from kelpie.runtime.messaging.reminder import Reminder
from kelpie.runtime.node import Node
from kelpie.runtime.requests.cause import Cause
from kelpie.runtime.requests.envelope import Envelope, principal_of
from kelpie.runtime.requests.errand import Writes
from kelpie.store.chunks import read_value
from kelpie.store.due_keys import Due, all_due, bucket_end, due, is_due, reminder_name
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


class _PutOff(NamedTuple):
    times: int
    until_ns: int
    """When it is tried again, on the monotonic clock."""
    alone: bool
    """Whether it is to be tried without others."""


class Alarm:
    """Looks for what is due, and has the actors handle it."""

    def __init__(self, node: Node, submit: Callable[[Envelope], asyncio.Future[Payload]]) -> None:
        self._node = node
        self.submit = submit
        self._in_flight: set[bytes] = set()
        self._put_off: OrderedDict[bytes, _PutOff] = OrderedDict()
        """What could not be handled."""
        self._next_ms = 0
        """When the next look is due, on the wall clock."""
        self._bell = Bell(node.env)
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
            self._bell.ring()

    async def run(self) -> None:
        """Goes on for ever."""
        env, poll_ms = self._node.env, self._node.limits.due_poll_ms
        while not self._is_over:
            self._bell.listen()
            now_ms = env.wall_ns() // _NS_PER_MS
            # Until it has looked, whatever is written is news.
            self._next_ms = now_ms + poll_ms
            try:
                following = await self._begin_due(now_ms)
            except StoreError:
                following = None
            self.looks += 1
            self._next_ms = min(now_ms + poll_ms, following or now_ms + poll_ms)
            await self._bell.heard(max(1, self._next_ms - now_ms))

    def close(self) -> None:
        """Begins nothing more. What is with an actor goes on."""
        self._is_over = True

    async def _begin_due(self, now_ms: int) -> int | None:
        """Begins what is due, as much as there is room for; when the next after that
        is, if there is one.

        Raises:
            StoreError
        """
        rows_max = self._node.limits.due_rows_at_once_max
        begin, end = all_due()
        later: list[int] = []
        while True:
            with reading(self._node.store) as transaction:
                rows = await transaction.get_range(begin, end, limit=rows_max, snapshot=True)
                page = [(key, due(key)) for key, _ in rows]
                now_due = [each for each in page if each[1].at_ms <= now_ms]
                has_room = await self._begin_all(transaction, now_due)
            later += [found.at_ms for _, found in page if found.at_ms > now_ms]
            if not has_room or len(rows) < rows_max:
                return min(later, default=None)
            last, found = page[-1]
            # In the order of their times: what follows in this bucket is not due either.
            begin = after(last) if found.at_ms <= now_ms else bucket_end(last)

    async def _begin_all(self, transaction: Transaction, page: list[tuple[bytes, Due]]) -> bool:
        """Begins what does not wait; False if there was not room for all of it."""
        limits = self._node.limits
        together: dict[Address, list[Delayed]] = defaultdict(list)
        has_room = True
        for key, found in page:
            if self._is_over or len(self._in_flight) >= limits.due_in_flight_max:
                has_room = False
                break
            if self._waits(key):
                continue
            self._in_flight.add(key)
            if found.is_reminder:
                await self._begin_reminder(transaction, key, found)
            elif key in self._put_off and self._put_off[key].alone:
                self._begin_release(found.address, [Delayed(found.row, key)])
            else:
                together[found.address].append(Delayed(found.row, key))
        for address, delayed in together.items():
            for first in range(0, len(delayed), limits.delayed_sent_at_once_max):
                self._begin_release(
                    address, delayed[first : first + limits.delayed_sent_at_once_max]
                )
        return has_room

    def _waits(self, key: bytes) -> bool:
        if key in self._in_flight:
            return True
        put_off = self._put_off.get(key)
        return put_off is not None and self._node.env.monotonic_ns() < put_off.until_ns

    async def _begin_reminder(self, transaction: Transaction, key: bytes, found: Due) -> None:
        try:
            envelope = await self._reminder(transaction, key, found)
            if envelope is None:
                await self._drop(key, found)
                self._in_flight.discard(key)
                return
        except KelpieError as error:
            self._try_later([key], error)
        else:
            self._submit(envelope, [key])

    def _begin_release(self, address: Address, delayed: list[Delayed]) -> None:
        """Has delayed messages leave their sender together, in one turn of it."""
        first = delayed[0].due_row.hex()[-32:]
        errand = Release(tuple(delayed))
        nothing, cause = Payload(True, b""), Cause("send")
        envelope = self._ask(address, _RELEASE, nothing, first, None, errand, cause)
        self._submit(envelope, [each.due_row for each in delayed])

    def _submit(self, envelope: Envelope, keys: list[bytes]) -> None:
        try:
            answer = self.submit(envelope)
        except KelpieError as error:
            self._try_later(keys, error)
        else:
            answer.add_done_callback(lambda done: self._answered(keys, done))

    def _answered(self, keys: list[bytes], answer: asyncio.Future[Payload]) -> None:
        error = None if answer.cancelled() else answer.exception()
        if answer.cancelled() or error is not None:
            self._try_later(keys, error)
            return
        was_full = len(self._in_flight) >= self._node.limits.due_in_flight_max
        for key in keys:
            self._in_flight.discard(key)
            self._put_off.pop(key, None)
        # There was no room for more, or in one turn not for all of them.
        if was_full or len(keys) > 1:
            self._bell.ring()

    def _try_later(self, keys: list[bytes], error: BaseException | None) -> None:
        limits, env = self._node.limits, self._node.env
        # What fails for good may be the fault of one among many.
        alone = isinstance(error, KelpieError) and not error.retryable
        now_ns = env.monotonic_ns()
        for key in keys:
            before = self._put_off.pop(key, None)
            times = 0 if before is None else before.times
            longest_ms = limits.letter_retry_ms_min << min(times, _DOUBLED_MAX)
            pause_ms = drawn_pause_ms(env, min(longest_ms, limits.letter_retry_ms_max))
            until_ns = now_ns + int(pause_ms * _NS_PER_MS)
            self._put_off[key] = _PutOff(times + 1, until_ns, alone)
            if len(self._put_off) > limits.due_put_off_max:
                self._put_off.popitem(last=False)
            self._in_flight.discard(key)

    async def _reminder(self, transaction: Transaction, key: bytes, found: Due) -> Envelope | None:
        """What the actor is asked; None if the row of the index is out of date.

        Raises:
            StoreError
        """
        stored = await read_value(transaction, found.row, snapshot=True)
        if stored is None:
            return None
        reminder = Reminder.read(found.row, stored)
        if reminder.due_ms != found.at_ms:
            return None
        address = found.address
        name = reminder_name(ActorKeys(address), found.row)
        return self._ask(
            address,
            reminder.operation,
            reminder.argument,
            f"reminder-{reminder.turn}-{found.at_ms}",
            Caller("reminder", name),
            Firing(name, found.row, key, stored),
            reminder.cause,
        )

    def _ask(
        self,
        target: Address,
        operation: str,
        argument: Payload,
        request_id: str,
        caller: Caller | None,
        errand: Firing | Release,
        cause: Cause,
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
            cause=cause,
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
