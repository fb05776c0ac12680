"""A letter at its receiver: one turn, whose commit says that it was delivered.

The cursor is part of that commit, so a letter that comes again, after whatever
crash, is known to have been here and is only acknowledged. See docs/adr/0014.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kelpie.errors import (
    ActorError,
    ActorRejected,
    CallerError,
    GuestLimitExceeded,
    KelpieError,
    KindNotFound,
    OutboxFull,
)
from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.runtime.messaging.continuation import failure_reply, success_reply
from kelpie.runtime.messaging.dead_letter import DeadLetter
from kelpie.runtime.messaging.letter import Letter, Number
from kelpie.runtime.requests.errand import Concluded, Desk, Writes
from kelpie.store.message_keys import has_dead
from kelpie.store.packing import pack_value
from kelpie.wasm.turn import Effects, Outcome

__all__ = ["BURIED", "DELIVERED", "Burial", "Delivery", "is_final"]

DELIVERED = Payload(True, b'{"delivered":true}')
"""What a letter is answered: its turn is durable, and that it was here."""
BURIED = Payload(True, b'{"dead":true}')
"""... or that it is a dead letter now."""


def is_final(error: KelpieError) -> bool:
    """Whether it is no use to deliver a letter again that met this error. A kind
    that is not there may be deployed yet."""
    of_the_letter = isinstance(error, ActorError | CallerError)
    return of_the_letter and not error.retryable and not isinstance(error, KindNotFound)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Has the receiver run a letter's operation, once."""

    sender: Address
    number: Number
    letter: Letter
    attempts: int = 1

    async def prepare(self, desk: Desk) -> Concluded | None:
        if await _was_here(desk, self.sender, self.number):
            return Concluded(_replied(DELIVERED), {})
        if self.letter.continuation is not None:
            # The reply is a letter, and has to fit in.
            refused = await desk.refuses_send(1, 0)
            if refused is not None:
                raise OutboxFull(f"{desk.address} cannot send its reply: {refused.message}")
        return None

    async def conclude(self, desk: Desk, outcome: Outcome) -> Concluded:
        error = outcome.error
        if error is None:
            reply = outcome.reply
            assert reply is not None
            answer = None
            if self.letter.continuation is not None:
                answer = success_reply(self.sender, desk, self.letter, reply)
                error = _too_large(answer, desk.limits)
            if error is None:
                # Nobody waits for the reply itself. The journal has the outcome as it was.
                concluded = replace(outcome, reply=DELIVERED)
                desk.letters.delivered += 1
                letters = () if answer is None else (answer,)
                return Concluded(concluded, _delivered(desk, self.sender, self.number), letters)
            # What its instance has in memory is not rolled back with the rest.
            outcome = replace(outcome, instance_lost=True)
        if not is_final(error):
            return Concluded(outcome, {})
        buried = await Burial(self, error).prepare(desk)
        assert buried is not None
        # What the guest said, and what it cost, stays.
        outcome = replace(outcome, reply=BURIED, error=None, effects=Effects())
        return buried._replace(outcome=outcome)


@dataclass(frozen=True, slots=True)
class Burial:
    """Makes a letter a dead letter of its receiver, unless it was delivered."""

    delivery: Delivery
    reason: KelpieError

    async def prepare(self, desk: Desk) -> Concluded | None:
        sender, number, letter = self.delivery.sender, self.delivery.number, self.delivery.letter
        if await _was_here(desk, sender, number):
            return Concluded(_replied(DELIVERED), {})
        await desk.check_room_for_dead(letter.size)
        desk.letters.dead += 1
        dead = _dead(self.delivery, self.reason, desk.wall_ns())
        letters: tuple[Letter, ...] = ()
        if letter.continuation is not None:
            letters = (failure_reply(sender, desk, letter, self.reason),)
        writes = _delivered(desk, sender, number)
        writes[desk.keys.dead_letter(desk.turn_number)] = dead.stored()
        writes[has_dead(desk.address)] = b""
        return Concluded(_replied(BURIED), writes, letters)

    async def conclude(self, desk: Desk, outcome: Outcome) -> Concluded:  # noqa: ARG002
        raise AssertionError("no guest runs for a burial")


def _dead(delivery: Delivery, reason: KelpieError, now_ns: int) -> DeadLetter:
    letter = delivery.letter
    rejection = reason.rejection_code if isinstance(reason, ActorRejected) else None
    return DeadLetter(
        delivery.sender,
        delivery.number,
        letter.operation,
        letter.argument,
        letter.asked_by,
        letter.sent_ns,
        now_ns,
        delivery.attempts,
        reason.code,
        rejection,
        reason.message,
    )


async def _was_here(desk: Desk, sender: Address, number: Number) -> bool:
    cursor = await desk.cursor(sender)
    if cursor is None or cursor < number:
        return False
    desk.letters.repeated += 1
    return True


def _delivered(desk: Desk, sender: Address, number: Number) -> Writes:
    return {desk.keys.cursor(sender): pack_value(number)}


def _replied(reply: Payload) -> Outcome:
    return Outcome(reply, None, Effects(), [], [], 0)


def _too_large(answer: Letter, limits: Limits) -> KelpieError | None:
    size, maximum = len(answer.argument.data), limits.payload_bytes_max
    if size <= maximum:
        return None
    return GuestLimitExceeded(
        f"the reply takes {size} bytes as a message to who asked; at most {maximum} are allowed "
        "(payload_bytes_max)",
        limit="payload_bytes_max",
        size=size,
        maximum=maximum,
    )
