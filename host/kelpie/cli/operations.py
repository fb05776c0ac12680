"""Operations, told to people."""

from __future__ import annotations

from collections.abc import Iterable

from kelpie.ids import on_one_line
from kelpie.wasm.description import Operation

__all__ = ["told_operations"]


def told_operations(operations: Iterable[Operation]) -> str:
    """Their names, and which only read or are durable."""
    return ", ".join(map(_told, operations)) or "none"


def _told(operation: Operation) -> str:
    name = on_one_line(operation.name)
    words = ["read-only"] * operation.read_only + ["durable"] * operation.durable
    return f"{name} ({', '.join(words)})" if words else name
