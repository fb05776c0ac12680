"""The rounds of `tests/guests/rounds`: what its clients ask, and what visitors and visited
must agree on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from kelpie.ids import Address, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.sim.engine import Foundry
from kelpie.sim.failure import Failure
from kelpie.sim.model import ActorState
from kelpie.sim.run import Plan, alone
from kelpie.sim.workload import Choice, Workload
from tests.runtime.support import ROOT

__all__ = ["rounds_plan", "visited_once"]

ROUNDS = ROOT / "tests" / "guests" / "rounds.wasm"
ACTORS = ("actor-1", "actor-2", "actor-3")

Notes = dict[tuple[str, str], str]
"""What was told, by the other actor and the visit."""


def rounds_plan(foundry: Foundry) -> Plan:
    """Rounds among a few actors, of one to four visits each."""
    ways: list[tuple[str, ...]] = [(a,) for a in ACTORS] + [(a, b) for a in ACTORS for b in ACTORS]
    ways += [(a, b, a, b) for a in ACTORS for b in ACTORS if a != b]
    arguments = tuple(text(json.dumps({"to": way})) for way in ways)
    choices = (
        Choice("round", False, 5, arguments),
        Choice("seen", True, 1, schema={"type": "null"}),
    )
    # What is deleted notes nothing any more. Each round is many requests.
    workload = Workload(choices, requests=50, turns_min=150, faults_min=10, deletes_per_cent=0)
    # Where there is a place for one call only, calls wait for each other that long.
    limits = replace(DEFAULT_LIMITS, durable_call_ms_max=20_000)
    return Plan(alone(ROUNDS.read_bytes()), workload, limits, foundry, invariants=(visited_once,))


def visited_once(stored: Mapping[Address, ActorState]) -> Iterator[Failure]:
    """Every visit that a round has kept was made, once, and told what the round says. It
    may be that a round failed after its visits."""
    for address, state in stored.items():
        for (visitor, visit), told in _notes(state, "had").items():
            if " and " in told:
                reason = f"{visitor} came twice in {visit}: {told}"
                yield Failure("durable calls once", reason, address)
        for (visited, visit), told in _notes(state, "made").items():
            had = _notes(stored[address._replace(key=visited)], "had")
            if had.get((address.key, visit)) != told:
                reason = (
                    f"{visited} was told {had.get((address.key, visit))} in {visit}, not {told}"
                )
                yield Failure("durable calls once", reason, address)


def _notes(state: ActorState, sort: str) -> Notes:
    found: Notes = {}
    for key, value in state.kv:
        what, other, visit = key.decode().split("/", 2)
        if what == sort:
            found[other, visit] = value.data.decode()
    return found
