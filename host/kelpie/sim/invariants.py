"""What must hold of a user's own actors, and what is done before it has to."""

from __future__ import annotations

import json
from dataclasses import dataclass

from kelpie.ids import Address
from kelpie.sim.choice import Choice

__all__ = ["Invariant", "Setup", "misses"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What is asked before there are faults, and must be done."""

    address: Address
    choice: Choice

    def __str__(self) -> str:
        return f"{self.address.kind}/{self.address.key} {self.choice.operation}"


@dataclass(frozen=True, slots=True)
class Invariant:
    """Some actors are asked the same. Each must reply `expect`, or more than that; or what
    they reply at `member`, added up, must be `equals`."""

    name: str
    addresses: tuple[Address, ...]
    choice: Choice
    expect: object = None
    member: tuple[str, ...] | None = None
    equals: int = 0
    always: bool = True
    """Whether it must hold in the middle too."""


def misses(expected: object, found: object, place: str = "the reply") -> str | None:
    """What of `expected` is not in `found`, which may have more members; None if nothing."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return f"{place} has no members"
        for name, value in expected.items():
            if name not in found:
                return f"{place} has no {name}"
            wrong = misses(value, found[name], name)
            if wrong is not None:
                return wrong
        return None
    if type(expected) is not type(found) or expected != found:
        return f"{place} is {json.dumps(found)}, not {json.dumps(expected)}"
    return None
