"""What people do about messages: a dead letter tried again or dropped, a reminder cancelled.

Each is a turn of the actor that keeps it, like any other: in its order, durable
before it is answered, and done once.
"""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.errors import DeadLetterNotFound
from kelpie.ids import Payload
from kelpie.runtime.requests.errand import Concluded, Desk
from kelpie.wasm.turn import Effects, Outcome

__all__ = ["CANCELLED", "NOT_CANCELLED", "Cancellation", "Dropping", "Retry"]

CANCELLED = Payload(True, b'{"cancelled":true}')
NOT_CANCELLED = Payload(True, b'{"cancelled":false}')
_DROPPED = Payload(True, b'{"dropped":true}')


@dataclass(frozen=True, slots=True)
class Retry:
    """Has the actor run a dead letter's operation. If that goes well, the letter
    is gone with the same commit; if not, it stays as it is."""

    number: int
    stored: bytes
    """What was stored when it was asked for."""

    async def prepare(self, desk: Desk) -> Concluded | None:
        if await desk.row(desk.keys.dead_letter(self.number)) != self.stored:
            raise no_dead_letter(desk, self.number)
        return None

    async def conclude(self, desk: Desk, outcome: Outcome) -> Concluded:
        if outcome.error is not None:
            return Concluded(outcome, {})
        return Concluded(outcome, await desk.without_dead(self.number))


@dataclass(frozen=True, slots=True)
class Dropping:
    """Throws a dead letter away."""

    number: int

    async def prepare(self, desk: Desk) -> Concluded | None:
        if await desk.row(desk.keys.dead_letter(self.number)) is None:
            raise no_dead_letter(desk, self.number)
        return Concluded(_replied(_DROPPED), await desk.without_dead(self.number))

    async def conclude(self, desk: Desk, outcome: Outcome) -> Concluded:  # noqa: ARG002
        raise AssertionError("no guest runs for it")


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Cancels a reminder."""

    name: str

    async def prepare(self, desk: Desk) -> Concluded | None:
        writes = await desk.cancel(self.name)
        return Concluded(_replied(CANCELLED if writes else NOT_CANCELLED), writes)

    async def conclude(self, desk: Desk, outcome: Outcome) -> Concluded:  # noqa: ARG002
        raise AssertionError("no guest runs for it")


def no_dead_letter(desk: Desk, number: int) -> DeadLetterNotFound:
    return DeadLetterNotFound(
        f"{desk.address} has no dead letter {number}: it was delivered or dropped, or there "
        "never was one; `kelpie letters list` lists those that there are"
    )


def _replied(reply: Payload) -> Outcome:
    return Outcome(reply, None, Effects(), [], [], 0)
