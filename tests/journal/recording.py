"""Turns that are run and recorded, as the runtime does it, but without one."""

from __future__ import annotations

from typing import Any

from kelpie.ids import Address, Payload
from kelpie.journal.birth import Flown, pack_birth, pack_entry, unpack_birth, unpack_entries
from kelpie.journal.flights import Flight, Flights, MadeOf, Whose
from kelpie.journal.policy import Policy
from kelpie.journal.replay import Ran, replay
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.wasm.kind_configuration import NO_CONFIGURATION, Configuration
from kelpie.wasm.turn import Component, Guest, Outcome
from tests.wasm.support import StoredValues, turn

__all__ = ["Recording", "flight_of", "replayed"]


def flight_of(
    digest: str = "", configuration: Configuration = NO_CONFIGURATION, limits: Limits | None = None
) -> Flight:
    made_of = MadeOf(1, digest, configuration)
    whose = Whose("local", 1, 1, 1)
    return Flight(Flights(limits or DEFAULT_LIMITS), whose, Policy.ALL, made_of)


class Recording:
    """One instance, with an actor of its own, and what it has done."""

    def __init__(
        self,
        component: Component,
        configuration: Configuration = NO_CONFIGURATION,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._component = component
        self._configuration = configuration
        self._guest: Guest | None = None
        self._state: Payload | None = None
        self.answers = StoredValues()
        self._turns = 0
        self.flight = flight_of(component.digest, configuration, limits)
        self.limits = limits

    async def run(self, operation: str, argument: Any = "", **changes: Any) -> Outcome:
        """One turn; what it changes is kept for the next one."""
        if self._guest is None:
            self._guest = await self._component.instantiate()
        self._turns += 1
        given = turn(
            operation,
            argument,
            **{
                "address": Address("default", "recorded", "one"),
                "number": self._turns,
                "request_id": f"request-{self._turns}",
                "time_ns": 1_800_000_000_000_000_000 + self._turns,
                "entropy_seed": b"seed %d" % self._turns,
                "state": self._state,
                "answers": self.answers,
                "configuration": self._configuration,
                **changes,
            },
        )
        outcome = await self._guest.run(given)
        self.flight.add(given, outcome)
        if outcome.effects.state_written:
            self._state = outcome.effects.state
        for key, value in outcome.effects.kv.items():
            if value is None:
                self.answers.values.pop(key, None)
            else:
                self.answers.values[key] = value
        return outcome

    def flown(self) -> Flown:
        """What was recorded, as it comes back from where it was written."""
        if self._guest is not None:
            self._guest.close()
        entries = self.flight.take()
        assert self.flight.birth is not None
        birth = unpack_birth(pack_birth(self.flight.birth, self.flight.mask))
        packed = b"".join(map(pack_entry, entries))
        return Flown(birth, unpack_entries(len(entries), packed))


async def replayed(
    flown: Flown, component: Component, limits: Limits = DEFAULT_LIMITS
) -> list[Ran]:
    return [ran async for ran in replay(flown, component, limits)]
