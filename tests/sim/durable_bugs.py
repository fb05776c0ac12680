"""Bugs in durable turns that the simulator has to find: see `seeded_bugs`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from kelpie.runtime.durable.actor_turns import DurableTurns
from kelpie.runtime.durable.durable_turn import DurableTurn
from kelpie.runtime.durable.steps import Steps
from tests.sim.planting import Bug, patches

__all__ = ["DURABLE_BUGS"]


def result_shown_before_it_is_durable() -> Any:
    """It is written with the next one."""

    async def outside(
        self: DurableTurn, name: str, arguments: Any, ask: Callable[[], Awaitable[Any]]
    ) -> Any:
        if not self._message.goes_on or self.journal[self._written :]:
            calls = sum(call.name == "messaging.call" for call in self.journal[self._written :])
            await self._write(self.journal[self._written :], calls=calls)
        return await ask()

    return patches((DurableTurn, "outside", outside))


def journal_in_flight_not_removed() -> Any:
    """The last commit of a turn leaves what was kept of it."""

    def end(self: Steps) -> None:
        return None

    return patches((Steps, "end", end))


def turn_begun_anew() -> Any:
    """After a crash it is run from its beginning, as if nothing had been answered."""
    original = DurableTurns.begins

    def begins(self: DurableTurns, message: Any, turn: Any, deploy: Any) -> DurableTurn:
        found = self.resumption
        if found is not None:
            self.resumption = found._replace(calls=())
        return original(self, message, turn, deploy)

    return patches((DurableTurns, "begins", begins))


def time_of_the_second_run() -> Any:
    """A turn that is run again is told what time it is now."""
    original = DurableTurns.begins

    def begins(self: DurableTurns, message: Any, turn: Any, deploy: Any) -> DurableTurn:
        time_ns = turn.time_ns
        made = original(self, message, turn, deploy)
        turn.time_ns = time_ns
        return made

    return patches((DurableTurns, "begins", begins))


DURABLE_BUGS = (
    Bug("result shown before it is durable", "rounds", result_shown_before_it_is_durable),
    Bug("journal in flight not removed", "rounds", journal_in_flight_not_removed),
    Bug("durable turn begun anew", "rounds", turn_begun_anew),
    Bug("time of the second run", "rounds", time_of_the_second_run),
)
