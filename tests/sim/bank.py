"""The bank of `tests/guests/bank`: what its clients ask, and what its accounts must agree on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kelpie.ids import Address
from kelpie.limits import DEFAULT_LIMITS
from kelpie.sim.choice import Choice
from kelpie.sim.engine import Foundry
from kelpie.sim.failure import Failure
from kelpie.sim.model import ActorState
from kelpie.sim.run import Plan, alone
from kelpie.sim.workload import Workload
from tests.runtime.support import ROOT

__all__ = ["bank_plan"]

BANK = ROOT / "tests" / "guests" / "bank.wasm"

Notes = dict[tuple[str, str], int]
"""How often a payment was noted, by the other account and the request."""


def bank_plan(foundry: Foundry) -> Plan:
    """Transfers among a few accounts."""
    upload = BANK.read_bytes()
    operations = foundry.component(upload).manifest.operations
    choices = tuple(
        Choice(name, operations[name].read_only, weight, schema=operations[name].argument)
        for name, weight in (("transfer", 5), ("balance", 1))
    )
    # What is deleted notes nothing any more.
    workload = Workload(choices, deletes_per_cent=0)
    return Plan(
        alone(upload), workload, DEFAULT_LIMITS, foundry, invariants=(paid_once, told_what_is)
    )


def paid_once(stored: Mapping[Address, ActorState]) -> Iterator[Failure]:
    """Whatever was paid has arrived; and whatever has arrived, did so once. It may be
    that who paid it failed afterwards, and was never asked again."""
    for address, state in stored.items():
        for (payer, request), times in _notes(state, "received").items():
            if times != 1:
                yield Failure(
                    "calls once", f"{payer} paid {times} times for the request {request}", address
                )
        for to, request in _notes(state, "sent"):
            receiver = address._replace(key=to)
            if (address.key, request) not in _notes(stored[receiver], "received"):
                yield Failure("calls once", f"{to} never got what {request} paid", address)


def told_what_is(stored: Mapping[Address, ActorState]) -> Iterator[Failure]:
    """Nobody has told another one of a payment that never was."""
    for address, state in stored.items():
        for payer, last in _notes(state, "told"):
            paid = {request for _, request in _notes(stored[address._replace(key=payer)], "sent")}
            if last and last not in paid:
                reason = f"{payer} told of {last}, which it never paid"
                yield Failure("calls after what they saw", reason, address)


def _notes(state: ActorState, sort: str) -> Notes:
    found: Notes = {}
    for key, value in state.kv:
        what, other, request = key.decode().split("/")
        if what == sort:
            found[other, request] = int(value.data)
    return found
