"""Bugs in the delivery of messages that the simulator has to find: see `seeded_bugs`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from kelpie.runtime.actor.turn_runner import TurnRunner
from kelpie.runtime.messaging import delivery
from kelpie.runtime.messaging.carrier import Carrier
from kelpie.runtime.messaging.courier import Courier
from kelpie.runtime.messaging.firing import Firing
from kelpie.runtime.messaging.lane import Lane
from kelpie.runtime.requests.errand import Desk
from tests.sim.planting import Bug, patches

__all__ = ["MESSAGE_BUGS"]


def cursor_not_looked_at() -> Any:
    async def was_here(desk: Desk, sender: Any, number: Any) -> bool:
        return False

    return patches((delivery, "_was_here", was_here))


def cursor_known_before_it_is_durable_is_kept() -> Any:
    """Whatever comes of the commit, the letter counts as delivered here."""
    original = Carrier._failed

    def failed(self: Carrier, lane: Lane, errand: Any, error: Any) -> None:
        if error.code in ("commit-failed", "outcome-unknown"):
            self.in_flight -= 1
            self.settled.append(lane.delivered())
            if lane.queue:
                self._deliver(lane)
            self._on_progress(lane)
        else:
            original(self, lane, errand, error)

    return patches((Carrier, "_failed", failed))


def restart_forgets_the_outboxes() -> Any:
    async def take_up(self: Courier) -> bool:
        return True

    return patches((Courier, "_take_up", take_up))


def letter_to_try_again_goes_to_the_back() -> Any:
    """Those behind it in its lane do not wait for it."""
    original = Carrier._try_later

    def try_later(self: Carrier, lane: Lane) -> None:
        if len(lane.queue) < 2:
            original(self, lane)
            return
        lane.queue.rotate(-1)
        self.in_flight -= 1
        self._deliver(lane)

    return patches((Carrier, "_try_later", try_later))


def reminder_fired_whatever_became_of_it() -> Any:
    """Nobody looks whether it has fired since it was found to be due."""

    async def prepare(self: Firing, desk: Desk) -> None:
        return None

    return patches((Firing, "prepare", prepare))


def void_turn_remembered() -> Any:
    """An instance stays that has run a turn whose messages could not be kept."""

    async def behind_guest(self: TurnRunner, work: Awaitable[Any]) -> Any:
        return await work

    return patches((TurnRunner, "_behind_guest", behind_guest))


MESSAGE_BUGS = (
    Bug("cursor not looked at", "parcels", cursor_not_looked_at),
    Bug(
        "letter of a doubtful commit taken for delivered",
        "parcels",
        cursor_known_before_it_is_durable_is_kept,
    ),
    Bug("restart forgets the outboxes", "parcels", restart_forgets_the_outboxes),
    Bug("letter tried again goes to the back", "parcels", letter_to_try_again_goes_to_the_back),
    Bug("reminder fired again", "parcels", reminder_fired_whatever_became_of_it),
    Bug("void turn that sent is remembered", "transfers", void_turn_remembered),
)
