"""Ending a durable turn by hand, and waking an actor that has one."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.errors import ActorRejected, TurnNotInFlight
from kelpie.ids import Payload
from kelpie.runtime.requests.errand import Concluded, Desk
from kelpie.store.witness import Witness
from kelpie.wasm.turn import Effects, Outcome

__all__ = ["CANCELLED", "CancelTurn", "Wake", "turn_cancelled"]

CANCELLED = Payload(True, b'{"cancelled":true}')
_WOKEN = Payload(True, b"{}")


@dataclass(slots=True)
class CancelTurn:
    """Has the turn in flight of this number end. That is done before the envelope's
    own turn comes, which only says so once it is durable."""

    number: int
    witness: Witness
    """Told in the transaction that ends it."""
    done: bool = False

    async def prepare(self, desk: Desk) -> Concluded | None:
        if self.done:
            return _replied(CANCELLED)
        raise TurnNotInFlight(
            f"turn {self.number} of {desk.address} is not in flight: it has ended, or never was; "
            "`kelpie turns` lists those that are"
        )

    async def conclude(self, desk: Desk, outcome: Outcome) -> Concluded:  # noqa: ARG002
        """It stands for a turn of which nothing else is known."""
        return Concluded(outcome, {})


@dataclass(frozen=True, slots=True)
class Wake:
    """Does nothing. Before any other turn of an actor comes the one in flight."""

    async def prepare(self, desk: Desk) -> Concluded | None:  # noqa: ARG002
        return _replied(_WOKEN)

    async def conclude(self, desk: Desk, outcome: Outcome) -> Concluded:  # noqa: ARG002
        raise AssertionError("no guest runs for it")


def turn_cancelled() -> ActorRejected:
    """How a durable turn ends that was cancelled."""
    return ActorRejected(
        "turn-cancelled",
        "the durable turn was cancelled: what it called for stays done, and nothing else of it is "
        "kept",
    )


def _replied(reply: Payload) -> Concluded:
    return Concluded(Outcome(reply, None, Effects(), [], [], 0), {})
