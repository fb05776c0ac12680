"""Turns on their way into a journal."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.errors import ActorRejected, KelpieError
from kelpie.journal.birth import pack_birth, pack_entry
from kelpie.journal.flights import Flight
from kelpie.store.chunks import written_bytes_max

__all__ = ["Recorded", "is_failure", "take"]

# Of a key of a journal, at most: the actor's prefix is bounded by its own limits.
_KEY_BYTES = 5_000


class Recorded(NamedTuple):
    """Turns of an instance that are to be written: packed, one by one."""

    flight: Flight
    first: int
    """Which of the instance's turns the first one is, counted from 1."""
    turns: list[bytes]
    made_of: bytes | None
    """What the instance was made of, if nothing of it was written yet."""
    begun_ns: int
    """When its first turn was, by the wall clock."""
    bytes_before: int
    number: int
    """That the last of them was told."""
    failed: bool
    """Whether the last of them failed: then they are written without a commit to ride on."""

    @property
    def size(self) -> int:
        return sum(map(len, self.turns)) + len(self.made_of or b"")

    @property
    def written_bytes_max(self) -> int:
        """What it adds to a transaction: never too low."""
        return written_bytes_max(_KEY_BYTES, self.size) + 3 * _KEY_BYTES


def take(flight: Flight, number: int, *, failed: bool) -> Recorded | None:
    """What is to be written of an instance: nothing if a part of it was lost."""
    birth = flight.birth
    if flight.forgotten or birth is None:
        return None
    first, before = flight.turns_written + 1, flight.bytes_written
    made_of = None if flight.turns_written else pack_birth(birth, flight.mask)
    turns = [pack_entry(each) for each in flight.take()]
    recorded = Recorded(flight, first, turns, made_of, birth.time_ns, before, number, failed)
    flight.turns_written += len(turns)
    flight.bytes_written += recorded.size
    return recorded


def is_failure(error: KelpieError) -> bool:
    """Whether a turn that ended so is worth a look: not if its actor only refused."""
    return not isinstance(error, ActorRejected)
