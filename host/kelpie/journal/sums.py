"""Checksums of the members of a record: so one that was altered is named, also where
the checksum of the whole was put right."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

__all__ = ["altered_member", "sum_of"]


def sum_of(packed: bytes) -> int:
    """Of a member, as it is packed."""
    return crc32(packed)


def altered_member(members: Mapping[str, bytes], sums: Mapping[str, object]) -> str | None:
    """The name of the first that is not what its checksum is of, or is there without
    one, or is gone; None: they are as they were."""
    for name, packed in members.items():
        if sums.get(name) != sum_of(packed):
            return name
    return next((name for name in sums if name not in members), None)
