"""What a component says of itself."""

from __future__ import annotations

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


class Manifest(NamedTuple):
    """What a component says of itself in `describe`."""

    doc: str
    operations: dict[str, Operation]

    def is_read_only(self, operation: str) -> bool:
        """Of an operation that it does not list, nothing is known: it may write."""
        found = self.operations.get(operation)
        return found is not None and found.read_only

    def is_durable(self, operation: str) -> bool:
        """What is read-only changes nothing, and is simply asked again."""
        found = self.operations.get(operation)
        return found is not None and found.durable and not found.read_only
