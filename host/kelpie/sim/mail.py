"""Messages and reminders in a simulated world: what goes wrong, and when all is done."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from kelpie.errors import KelpieError
from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime
from kelpie.runtime.messaging.dead_letter import DeadLetter
from kelpie.runtime.messaging.delivery import Delivery
from kelpie.runtime.messaging.firing import Firing
from kelpie.runtime.messaging.letter import Letter
from kelpie.runtime.requests.envelope import Envelope
from kelpie.sim.env import SimEnv
from kelpie.sim.faults import Faults
from kelpie.sim.tape import Tape
from kelpie.store.chunks import finish_value, value_bytes
from kelpie.store.due_keys import Due, all_due, due, reminder_name, reminders
from kelpie.store.durable_keys import in_flight_anywhere
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import left_anywhere
from kelpie.store.message_keys import MessageKeys, pending_anywhere, sender_of
from kelpie.store.protocol import Store, Transaction
from kelpie.store.reading import reading

__all__ = [
    "Leftovers",
    "dead_letters",
    "deliver_twice",
    "note_what_happened",
    "reminders_left",
    "until_quiet",
]

_NS_PER_MS: Final = 1_000_000
_PAUSE_MS: Final = 500
_TRIES_MAX: Final = 400
_LATE_MS_MAX: Final = 2_000
_LATE_LETTER_MS_MAX: Final = 2_000
_JUMPS_MAX: Final = 200
_VISITS_MAX: Final = 3
_ROWS_MAX: Final = 1_000


@dataclass(slots=True)
class Leftovers:
    """What is left of messages and reminders at the end of a run."""

    undone: str | None = None
    """What was to happen by itself, and did not."""
    dead_letters: dict[Address, list[DeadLetter]] = field(default_factory=dict)
    """What could not be delivered to each actor."""
    reminders: dict[Address, set[str]] = field(default_factory=dict)
    """The names of those that are not yet due, as after a clock was put back."""


def deliver_twice(runtime: Runtime, faults: Faults, tape: Tape) -> None:
    """Has letters and reminders of this runtime come twice: at once when `letter-doubled`
    says so, and behind others that were sent later when `letter-late` does."""
    submit = runtime.submit

    def again(envelope: Envelope) -> None:
        # What becomes of it is nobody's business: the first is answered.
        with suppress(KelpieError):
            copy = submit(envelope)
            copy.add_done_callback(lambda done: done.cancelled() or done.exception())

    def doubling(envelope: Envelope) -> asyncio.Future[Payload]:
        answer = submit(envelope)
        if isinstance(envelope.errand, Delivery | Firing):
            if faults.fires("letter-doubled"):
                again(envelope)
            if faults.fires("letter-late"):
                late_ms = 1 + tape.draw("letter/late", _LATE_LETTER_MS_MAX)
                runtime.node.env.call_later(late_ms, again, envelope)
        return answer

    runtime.mail.courier.submit = runtime.mail.alarm.submit = doubling


def note_what_happened(runtime: Runtime, faults: Faults) -> None:
    """Adds what this runtime has seen of letters to what the run has seen."""
    meter = runtime.node.meters.letters
    for what, count in (
        ("a message came again", meter.repeated),
        ("a message was tried again", meter.tried_again),
        ("a message became a dead letter", meter.dead),
        ("a message was delivered", meter.delivered),
    ):
        if count:
            faults.seen[what] += count


async def dead_letters(store: Store, address: Address, limits: Limits) -> list[DeadLetter]:
    """All that an actor keeps."""
    transaction = store.transaction()
    try:
        return [
            DeadLetter.read(key, await finish_value(transaction, key, stored))
            for key, stored in await transaction.get_range(
                *MessageKeys(ActorKeys(address).prefix).dead_letters(),
                limit=limits.dead_letters_max,
            )
        ]
    finally:
        transaction.cancel()


async def reminders_left(store: Store, address: Address, limits: Limits) -> set[str]:
    """The names of those that are not yet due."""
    keys = ActorKeys(address)
    transaction = store.transaction()
    try:
        rows = await transaction.get_range(*reminders(keys), limit=limits.reminders_max)
        return {reminder_name(keys, key) for key, _ in rows}
    finally:
        transaction.cancel()


async def until_quiet(env: SimEnv, store: Store, limits: Limits) -> str | None:
    """Waits until nothing is under way, nor long overdue; what still is if that
    never comes. Messages for those that keep as many dead letters as they may are
    meant to wait.

    What is due later is not waited for: the clock is put forward to it. What comes again
    and again does so a few times, and an actor that is never done with itself is left
    alone at last.
    """
    left, visits = None, Counter[bytes]()
    for _ in range(_TRIES_MAX):
        left = await _left(env, store, limits)
        if left is None:
            later = await _later(store, visits) if visits.total() < _JUMPS_MAX else None
            if later is None:
                return None
            visits[later.row] += 1
            env.jump_wall(max(0, later.at_ms * _NS_PER_MS - env.wall_ns()))
        await env.sleep(_PAUSE_MS)
    return left


async def _later(store: Store, visits: Counter[bytes]) -> Due | None:
    """What is due next, unless it has come often enough."""
    with reading(store) as transaction:
        rows = await transaction.get_range(*all_due(), limit=_ROWS_MAX)
    found = [due(key) for key, _ in rows]
    return min((each for each in found if visits[each.row] < _VISITS_MAX), default=None)


async def _left(env: SimEnv, store: Store, limits: Limits) -> str | None:
    with reading(store) as transaction:
        if await _is_delivering(transaction, limits):
            return "messages were never delivered"
        if await transaction.get_range(*in_flight_anywhere(), limit=1):
            return "a durable turn was never gone on with"
        if await transaction.get_range(*left_anywhere(), limit=1):
            return "what a deleted actor left of its kv was never cleared"
        before_ms = env.wall_ns() // _NS_PER_MS - _LATE_MS_MAX
        rows = await transaction.get_range(*all_due(), limit=_ROWS_MAX)
        if any(due(key).at_ms < before_ms for key, _ in rows):
            return "what was due never happened"
    return None


async def _is_delivering(transaction: Transaction, limits: Limits) -> bool:
    """Whether there is an outbox with anything in it that somebody can take."""
    for key, _ in await transaction.get_range(*pending_anywhere(), limit=_ROWS_MAX):
        outbox = MessageKeys(ActorKeys(sender_of(key)).prefix).outbox()
        letters = await transaction.get_range(*outbox, limit=_ROWS_MAX)
        receivers = set()
        for row, stored in letters:
            receivers.add(Letter.read(row, await finish_value(transaction, row, stored)).target)
        # None: the row of the index is cleared soon.
        if not receivers:
            return True
        for each in receivers:
            if not await _is_full(transaction, each, limits):
                return True
    return False


async def _is_full(transaction: Transaction, receiver: Address, limits: Limits) -> bool:
    """Whether an actor keeps as many dead letters as it may."""
    rows = MessageKeys(ActorKeys(receiver).prefix).dead_letters()
    held = await transaction.get_range(*rows, limit=limits.dead_letters_max)
    size = sum(value_bytes(key, value) for key, value in held)
    return (
        len(held) >= limits.dead_letters_max
        or size + limits.payload_bytes_max > limits.dead_letters_bytes_max
    )
