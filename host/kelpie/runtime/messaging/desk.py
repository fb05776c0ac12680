"""The messages of one active actor: what its turns find, and what they leave."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable

import msgpack

from kelpie.errors import DeadLettersFull, StoredValueCorrupt
from kelpie.ids import Address
from kelpie.limits import Limits
from kelpie.meters.letters import LetterMeter
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.messaging.due_time import first_due_ms, why_never_due
from kelpie.runtime.messaging.letter import Letter, Number
from kelpie.runtime.messaging.outbox_room import OutboxRoom
from kelpie.runtime.messaging.reminder import Reminder
from kelpie.runtime.node import Node
from kelpie.runtime.requests.cause import REQUEST, Cause
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.requests.errand import Writes
from kelpie.store.chunks import read_value, value_bytes
from kelpie.store.due_keys import (
    delayed,
    due_at,
    is_reminder,
    reminder,
    reminder_name,
    reminders,
)
from kelpie.store.message_keys import MessageKeys, has_dead, pending
from kelpie.store.reading import reading
from kelpie.wasm.schedule import Schedule, SetReminder
from kelpie.wasm.turn import Failure, Outcome

__all__ = ["ActorDesk"]

_NS_PER_MS = 1_000_000


class ActorDesk:
    """See `errand.Desk`. It ends with the claim under which the actor was loaded."""

    __slots__ = (
        "_actor_keys",
        "_cursors",
        "_node",
        "_pipeline",
        "_reminders",
        "_room",
        "address",
        "keys",
        "limits",
    )

    def __init__(self, node: Node, pipeline: Pipeline) -> None:
        self._node = node
        self._pipeline = pipeline
        self.address = pipeline.claim.keys.address
        self.keys = MessageKeys(pipeline.claim.keys.prefix)
        self.limits: Limits = node.limits
        self._room = OutboxRoom(node, pipeline, self.keys)
        self._actor_keys = pipeline.claim.keys
        self._cursors: OrderedDict[bytes, bytes | None] = OrderedDict()
        """As they are stored, by their keys."""
        self._reminders: frozenset[str] | None = None
        """Their names, if they are known."""

    @property
    def turn_number(self) -> int:
        return self._pipeline.next_turn_number

    @property
    def letters(self) -> LetterMeter:
        return self._node.meters.letters

    def wall_ns(self) -> int:
        return self._node.env.wall_ns()

    async def cursor(self, sender: Address) -> Number | None:
        key = self.keys.cursor(sender)
        if key in self._cursors:
            self._cursors.move_to_end(key)
            stored = self._cursors[key]
        else:
            stored = await self.row(key)
            self._remember(key, stored)
        return None if stored is None else Number(*msgpack.unpackb(stored))

    async def check_room_for_dead(self, size: int) -> None:
        found, limits = await self._dead(), self.limits
        held = sum(found.values())
        if len(found) >= limits.dead_letters_max or held + size > limits.dead_letters_bytes_max:
            raise DeadLettersFull(
                f"{self.address} keeps {len(found)} dead letters with {held} bytes: have them "
                "delivered or dropped (`kelpie letters`)"
            )

    async def without_dead(self, number: int) -> Writes:
        row = self.keys.dead_letter(number)
        writes: Writes = {row: None}
        if not (await self._dead()).keys() - {row}:
            writes[has_dead(self.address)] = None
        return writes

    async def _dead(self) -> dict[bytes, int]:
        """The rows of its dead letters, each with its bytes."""
        stored, since = await self._rows(*self.keys.dead_letters(), self.limits.dead_letters_max)
        found = {row: value_bytes(row, value) for row, value in stored.items()}
        found |= {row: len(value) for row, value in since.items() if value is not None}
        for row, value in since.items():
            if value is None:
                found.pop(row, None)
        return found

    def refuses_send_soon(
        self, letters: int, size: int
    ) -> Failure | Awaitable[Failure | None] | None:
        """As `refuses_send`, at once where nothing has to be read."""
        return self._room.refuses(letters, size)

    async def refuses_send(self, letters: int, size: int) -> Failure | None:
        refused = self._room.refuses(letters, size)
        return await refused if isinstance(refused, Awaitable) else refused

    def why_never_due(self, schedule: Schedule) -> str | None:
        return why_never_due(schedule, self.limits)

    def reminder_names(self) -> frozenset[str] | Awaitable[frozenset[str]]:
        return self._reminders if self._reminders is not None else self._read_reminders()

    def set_for(self, row: bytes, value: bytes, due_ms: int) -> Writes:
        return {row: value, due_at(self._actor_keys, row, due_ms): b""}

    async def leave(
        self, envelope: Envelope, outcome: Outcome, letters: tuple[Letter, ...], time_ns: int
    ) -> Writes:
        """The rows for what a turn that went well sends, and sets for itself; the
        host's own letters come behind.

        Raises:
            StoreError
        """
        writes: Writes = {}
        outgoing, ordinal = outcome.effects.outgoing, 0
        generation, turn = self._pipeline.claim.generation, self.turn_number
        for send in () if outgoing is None else outgoing.sends:
            target, operation, argument, delay_ms, continuation = send
            sent = (target, operation, argument, continuation, envelope.request_id)
            letter = Letter(*sent, time_ns, envelope.cause_of("send"))
            if delay_ms:
                row = delayed(self._actor_keys, generation, turn, ordinal)
                writes |= self.set_for(row, letter.stored(), time_ns // _NS_PER_MS + delay_ms)
            else:
                writes[self.keys.letter(generation, turn, ordinal)] = letter.stored()
            ordinal += 1
        for letter in letters:
            writes[self.keys.letter(generation, turn, ordinal)] = letter.stored()
            ordinal += 1
        if any(map(self.keys.is_letter, writes)):
            writes[pending(self._node.name, self.address)] = b""
        if outgoing is not None:
            for name, asked in outgoing.reminders.items():
                cause = envelope.cause_of("reminder")
                writes |= await self._reminder(name, asked, time_ns // _NS_PER_MS, cause)
        return writes

    async def cancel(self, name: str) -> Writes:
        return await self._reminder(name)

    async def forget_reminders(self) -> Writes:
        """The rows that cancel them all.

        Raises:
            StoreError
        """
        writes: Writes = {}
        for name in await self._read_reminders():
            try:
                writes |= await self._reminder(name)
            except StoredValueCorrupt:
                # When it was due is not known: the index is found to be wrong there.
                writes[reminder(self._actor_keys, name)] = None
        return writes

    async def _reminder(
        self, name: str, asked: SetReminder | None = None, now_ms: int = 0, cause: Cause = REQUEST
    ) -> Writes:
        """The rows that set a reminder, or cancel it."""
        row = reminder(self._actor_keys, name)
        writes: Writes = {}
        stored = await self.row(row)
        if stored is not None:
            writes[row] = None
            writes[due_at(self._actor_keys, row, Reminder.read(row, stored).due_ms)] = None
        due_ms = None if asked is None else first_due_ms(asked.schedule, now_ms)
        if asked is not None and due_ms is not None:
            made = Reminder.of(asked, due_ms, self.turn_number, cause)
            writes |= self.set_for(row, made.stored(), due_ms)
        return writes

    async def _read_reminders(self) -> frozenset[str]:
        begin, end = reminders(self._actor_keys)
        stored, since = await self._rows(begin, end, self.limits.reminders_max)
        rows = stored.keys() | since.keys()
        gone = {row for row, value in since.items() if value is None}
        self._reminders = frozenset(reminder_name(self._actor_keys, row) for row in rows - gone)
        return self._reminders

    def finished(self, writes: Writes) -> None:
        """The rows are on their way to be committed."""
        for key, value in writes.items():
            if self.keys.is_cursor(key):
                self._remember(key, value)
            elif self.keys.is_letter(key) and value is not None:
                self._room.taken(1, len(value))
            elif is_reminder(self._actor_keys, key):
                self._reminders = None

    def _remember(self, key: bytes, cursor: bytes | None) -> None:
        self._cursors[key] = cursor
        self._cursors.move_to_end(key)
        if len(self._cursors) > self.limits.cursors_cached_max:
            self._cursors.popitem(last=False)

    async def row(self, key: bytes) -> bytes | None:
        """A row as the turns before this one left it."""
        for batch in self._pipeline.layers():
            if key in batch.writes:
                return batch.writes[key]
        with reading(self._node.store) as transaction:
            return await read_value(transaction, key, snapshot=True)

    async def _rows(
        self, begin: bytes, end: bytes, limit: int
    ) -> tuple[dict[bytes, bytes], Writes]:
        """The rows of a range as they are stored, at most so many, and what the
        turns before this one have made of them since."""
        since: Writes = {}
        for batch in reversed(list(self._pipeline.layers())):
            since |= {k: v for k, v in batch.writes.items() if begin <= k < end}
        with reading(self._node.store) as transaction:
            rows = await transaction.get_range(begin, end, limit=limit, snapshot=True)
        return dict(rows), since
