"""What a limit is made with."""

from __future__ import annotations

from dataclasses import field

__all__ = ["KIB", "MIB", "limit"]

KIB = 1024
MIB = 1024 * KIB


def limit(default: int, doc: str) -> int:
    """A limit, with what it bounds and what happens beyond it."""
    value: int = field(default=default, metadata={"doc": doc})
    return value
