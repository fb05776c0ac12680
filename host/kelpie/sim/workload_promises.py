"""The part of a workload file that says what is done first, and what must hold then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kelpie.ids import Address, text
from kelpie.sim import schema
from kelpie.sim.cast import NAMESPACE, SIMULATED
from kelpie.sim.choice import Choice
from kelpie.sim.invariants import Invariant, Setup
from kelpie.sim.workload import Workload, WorkloadInvalid
from kelpie.wasm.turn import Manifest

__all__ = ["read_invariants", "read_setup"]

_MANY_MAX: Final = 1_000
_WHENS: Final = ("always", "end")


def read_setup(
    given: object, manifests: Mapping[str, Manifest], workload: Workload
) -> tuple[Setup, ...]:
    """
    Raises:
        WorkloadInvalid
    """
    made = []
    for number, entry in _tables("setup", given):
        place = f"setup {number}"
        _check(place, entry, {"actor", "operation"}, {"argument"})
        (address,) = _addresses(place, entry, workload, manifests)
        made.append(Setup(address, _choice(place, entry, address.kind, manifests)))
    return tuple(made)


def read_invariants(
    given: object, manifests: Mapping[str, Manifest], workload: Workload
) -> tuple[Invariant, ...]:
    """
    Raises:
        WorkloadInvalid
    """
    return tuple(
        _invariant(f"invariant {number}", entry, manifests, workload)
        for number, entry in _tables("invariants", given)
    )


def _invariant(
    place: str, entry: Mapping[str, Any], manifests: Mapping[str, Manifest], workload: Workload
) -> Invariant:
    optional = {"name", "actor", "kind", "argument", "expect", "sum", "equals", "when"}
    _check(place, entry, {"operation"}, optional)
    sums = "sum" in entry
    if sums == ("expect" in entry) or sums != ("equals" in entry):
        raise WorkloadInvalid(f"{place} must have either expect, or sum and equals")
    member, equals = entry.get("sum", ""), entry.get("equals", 0)
    if not isinstance(member, str) or type(equals) is not int:
        raise WorkloadInvalid(f"{place}: sum must be the name of a member, equals a whole number")
    # Of many, asked one after the other, what moves meanwhile is there twice, or nowhere.
    when = entry.get("when", "end" if sums else "always")
    if when not in _WHENS:
        raise WorkloadInvalid(f"{place}: when must be one of {_WHENS}, not {when!r}")
    name = entry.get("name", f"{entry['operation']} of {entry.get('actor') or entry.get('kind')}")
    addresses = _addresses(place, entry, workload, manifests)
    return Invariant(
        str(name),
        addresses,
        _choice(place, entry, addresses[0].kind, manifests),
        entry.get("expect"),
        tuple(member.split(".")) if sums else None,
        equals,
        when == "always",
    )


def _tables(name: str, given: object) -> list[tuple[int, dict[str, Any]]]:
    if (
        not isinstance(given, list)
        or len(given) > _MANY_MAX
        or not all(isinstance(each, dict) for each in given)
    ):
        raise WorkloadInvalid(f"{name} must be at most {_MANY_MAX} tables: [[{name}]]")
    return list(enumerate(given, 1))


def _check(place: str, entry: Mapping[str, Any], needed: set[str], optional: set[str]) -> None:
    if missing := sorted(needed - set(entry)):
        raise WorkloadInvalid(f"{place} must have {missing}")
    if unknown := sorted(set(entry) - needed - optional):
        raise WorkloadInvalid(f"{place}: no such key: {unknown}")


def _addresses(
    place: str, entry: Mapping[str, Any], workload: Workload, manifests: Mapping[str, Manifest]
) -> tuple[Address, ...]:
    """The one `actor` as KIND/KEY, or all of a `kind`; of a kind that is alone, its name
    may be left out."""
    lone = SIMULATED if SIMULATED in manifests else None
    if "actor" in entry:
        kind, slash, key = str(entry["actor"]).partition("/")
        if not slash and lone is not None:
            kind, key = lone, kind
        if kind not in manifests or not key:
            known = (
                "its key alone: there is one kind" if lone else f"KIND/KEY, of {sorted(manifests)}"
            )
            raise WorkloadInvalid(f"{place}: actor must be {known}")
        return (Address(NAMESPACE, kind, key),)
    kind = entry.get("kind", lone)
    if kind not in manifests:
        if lone is not None:
            raise WorkloadInvalid(
                f"{place}: leave kind out, for there is one component: without an actor all of "
                "its actors are asked"
            )
        raise WorkloadInvalid(f"{place} must have an actor, or a kind of {sorted(manifests)}")
    return tuple(workload.addresses(kind))


def _choice(
    place: str, entry: Mapping[str, Any], kind: str, manifests: Mapping[str, Manifest]
) -> Choice:
    operation = entry["operation"]
    described = manifests[kind].operations.get(operation)
    if described is None:
        known = sorted(manifests[kind].operations)
        raise WorkloadInvalid(f"{place}: {kind} has no operation {operation!r}; it has {known}")
    argument = text(schema.encoded(entry["argument"])) if "argument" in entry else text("")
    return Choice(operation, described.read_only, arguments=(argument,), kind=kind)
