"""What is due, at its actor: a reminder's turn, and a delayed message that leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from kelpie.ids import Payload
from kelpie.runtime.messaging.delivery import is_final
from kelpie.runtime.messaging.due_time import next_due_ms
from kelpie.runtime.messaging.letter import Letter
from kelpie.runtime.messaging.reminder import Reminder
from kelpie.runtime.requests.errand import Concluded, Desk, Writes
from kelpie.wasm.turn import Effects, Outcome

__all__ = ["HANDLED", "Delayed", "Firing", "Release"]

HANDLED = Payload(True, b'{"handled":true}')
"""What is answered once it is durable that nothing more is due here."""

_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Firing:
    """Has the actor run a reminder's operation, and sets it for its next time, in
    one commit. One that was changed meanwhile is not fired."""

    name: str
    row: bytes
    """Where it is stored."""
    index: bytes
    """The row that says when it is due."""
    stored: bytes
    """What was stored when it was found to be due."""

    async def prepare(self, desk: Desk) -> Concluded | None:
        if await desk.row(self.row) != self.stored:
            return Concluded(_replied(), {})
        reminder = self._reminder
        late_ms = desk.wall_ns() // _NS_PER_MS - reminder.due_ms
        if reminder.missed == "skip" and late_ms > desk.limits.reminder_late_ms_max:
            return Concluded(_replied(), self._next(desk, reminder))
        return None

    async def conclude(self, desk: Desk, outcome: Outcome) -> Concluded:
        reminder, error = self._reminder, outcome.error
        if error is not None and not is_final(error):
            return Concluded(outcome, {})
        told = None if error is None else f"{error.code}: {error.message}"
        # An error that is final has had its turn, and would come to the same again.
        effects = outcome.effects if error is None else Effects()
        outcome = replace(outcome, reply=HANDLED, error=None, effects=effects)
        outgoing = outcome.effects.outgoing
        if outgoing is not None and self.name in outgoing.reminders:
            # The turn itself says what becomes of it.
            return Concluded(outcome, {self.index: None})
        fired = reminder._replace(fired=reminder.fired + 1, last_error=told)
        return Concluded(outcome, self._next(desk, fired))

    @property
    def _reminder(self) -> Reminder:
        return Reminder.read(self.row, self.stored)

    def _next(self, desk: Desk, reminder: Reminder) -> Writes:
        """Sets it for its next time, or takes it away if there is none."""
        now_ms = desk.wall_ns() // _NS_PER_MS
        due_ms = next_due_ms(reminder.schedule, reminder.due_ms, now_ms)
        writes: Writes = {self.index: None}
        if due_ms is None:
            writes[self.row] = None
        else:
            later = reminder._replace(due_ms=due_ms, turn=desk.turn_number)
            writes |= desk.set_for(self.row, later.stored(), due_ms)
        return writes


class Delayed(NamedTuple):
    """A delayed message."""

    row: bytes
    """Where it is stored."""
    due_row: bytes
    """The row of the index that says when it is due."""


@dataclass(frozen=True, slots=True)
class Release:
    """Puts delayed messages into the outbox, where they get their numbers. Those for
    which one commit has no room stay as they are."""

    delayed: tuple[Delayed, ...]

    async def prepare(self, desk: Desk) -> Concluded | None:
        letters: list[Letter] = []
        writes: Writes = {}
        room = desk.limits.delayed_sent_at_once_bytes_max
        for row, due_row in self.delayed:
            stored = await desk.row(row)
            if stored is None:
                # It went with its kind, of which the index knows nothing.
                writes[due_row] = None
                continue
            room -= len(stored)
            if room < 0 and letters:
                break
            letters.append(Letter.read(row, stored))
            writes |= {row: None, due_row: None}
        return Concluded(_replied(), writes, tuple(letters))

    async def conclude(self, desk: Desk, outcome: Outcome) -> Concluded:  # noqa: ARG002
        raise AssertionError("no guest runs for it")


def _replied() -> Outcome:
    return Outcome(HANDLED, None, Effects(), [], [], 0)
