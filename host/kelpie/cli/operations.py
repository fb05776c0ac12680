"""Operations, told to people."""

from __future__ import annotations

from collections.abc import Iterable

from kelpie.ids import on_one_line
from kelpie.wasm.description import Operation

__all__ = ["told_operations", "ways_of"]


def told_operations(operations: Iterable[Operation]) -> str:
    """Their names, and which only read or are durable."""
    return ", ".join(map(_told, operations)) or "none"


def ways_of(operation: Operation) -> str:
    """Whether it only reads, or is durable."""
    return ", ".join(["read-only"] * operation.read_only + ["durable"] * operation.durable)


def _told(operation: Operation) -> str:
    name, ways = on_one_line(operation.name), ways_of(operation)
    return f"{name} ({ways})" if ways else name
