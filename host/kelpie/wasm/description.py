"""What a component says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Description", "Manifest", "Operation"]


class Description(NamedTuple):
    """What `describe` gave."""

    text: str
    fuel: int


class Operation(NamedTuple):
    name: str
    doc: str = ""
    read_only: bool = False
    durable: bool = False
    argument: object = None
    result: object = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a component says of itself in `describe`."""

    doc: str
    operations: Mapping[str, Operation]
    read_only: frozenset[str] = field(init=False, repr=False, compare=False)
    """Operations. Of one that it does not list, nothing is known: it may write."""
    durable: frozenset[str] = field(init=False, repr=False, compare=False)
    """Operations. What is read-only changes nothing, and is simply asked again."""

    def __post_init__(self) -> None:
        listed = self.operations.values()
        read_only = frozenset(each.name for each in listed if each.read_only)
        durable = frozenset(each.name for each in listed if each.durable)
        object.__setattr__(self, "read_only", read_only)
        object.__setattr__(self, "durable", durable - read_only)
