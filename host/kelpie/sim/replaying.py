"""What guests did, so that it can be run again at the end of a run, and compared."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any, Final, TypeVar

from kelpie.errors import StoredValueCorrupt
from kelpie.ids import Address
from kelpie.journal.birth import Flown, pack_birth, pack_entry, unpack_birth, unpack_entries
from kelpie.journal.entries import read_end
from kelpie.journal.flights import Flight, Flights, MadeOf, Whose
from kelpie.journal.policy import Policy
from kelpie.journal.replay import replay
from kelpie.limits import Limits
from kelpie.runtime.views.journal_reading import instances, read_made_of, rows_up_to
from kelpie.sim.failure import Failure
from kelpie.store.journal_keys import JournalKeys
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import Store
from kelpie.store.reading import reading
from kelpie.wasm.turn import Component, Outcome, Turn

__all__ = ["SIMULATED", "Flights", "GuestFlight", "journaled", "replays"]

Result = TypeVar("Result")

SIMULATED: Final = "simulated: "
"""So begins the message of a failure that no guest had."""


class GuestFlight:
    """All turns of one guest."""

    def __init__(self, flights: Flights, component: Component) -> None:
        self._flights = flights
        self._flight: Flight | None = None
        self.component = component

    def add(self, turn: Turn, outcome: Outcome) -> None:
        """It has run a turn. What is done to the outcome afterwards, the guest did not do."""
        if self._flight is None:
            made_of = MadeOf(1, self.component.digest, turn.configuration)
            whose = Whose("sim", 1, 1, 1)
            self._flight = Flight(self._flights, whose, Policy.ALL, made_of)
        self._flight.add(turn, replace(outcome))

    def flown(self) -> Flown | None:
        """What it did, packed and unpacked as by a journal; None if it ran nothing."""
        flight = self._flight
        if flight is None or flight.birth is None:
            return None
        entries = [pack_entry(each) for each in flight.take()]
        birth = unpack_birth(pack_birth(flight.birth, flight.mask))
        return Flown(birth, unpack_entries(len(entries), b"".join(entries)))


async def journaled(store: Store, address: Address) -> list[Flown]:
    """All that the journal of an actor has.

    Raises:
        StoredValueCorrupt, StoreError
    """
    keys = JournalKeys(ActorKeys(address).prefix)
    found: list[Flown] = []
    with reading(store) as transaction:
        async for known in instances(transaction, keys):
            made_of = await read_made_of(transaction, keys, known.flight)
            if made_of is None:
                raise StoredValueCorrupt("an instance is listed in a journal, and not there")
            rows = await rows_up_to(transaction, keys, known.flight, None)
            entries = [entry for row in rows for entry in row.entries]
            found.append(Flown(unpack_birth(made_of), entries))
    return found


def replays(
    flown: Iterable[Flown],
    component_of: Callable[[Address], Component],
    limits: Limits,
    *,
    where: str,
    committed: bool,
) -> list[Failure]:
    """Every turn that was recorded is the same when it is run again. All versions of
    a component do the same. `committed`: see `replay`."""
    failures = []
    for each in flown:
        entries = each.entries
        if entries and _is_simulated(read_end(entries[-1]).error):
            # The guest had replied: what befell it was done to it.
            entries = entries[:-1]
        shortened = Flown(each.birth, entries)
        component = component_of(each.birth.address)
        found = at_once(_first_difference(shortened, component, limits, committed=committed))
        if found is not None:
            failures.append(Failure("replay", f"{where}: {found}", each.birth.address))
    return failures


def _is_simulated(error: tuple[str, str] | None) -> bool:
    return error is not None and error[1].startswith(SIMULATED)


async def _first_difference(
    flown: Flown, component: Component, limits: Limits, *, committed: bool
) -> str | None:
    async for ran in replay(flown, component, limits, committed=committed):
        if ran.divergence is not None:
            found = ran.divergence
            return f"{found}; expected {found.expected}, got {found.got}"
    return None


def at_once(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs what never waits: every host call of a replay is answered at once."""
    try:
        work.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    work.close()
    raise AssertionError("a guest waited although it was answered")
