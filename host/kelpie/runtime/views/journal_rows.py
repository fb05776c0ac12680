"""What is known of a journal without reading its turns: how much there is, and since when."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import msgpack

from kelpie.journal.flights import FlightId
from kelpie.limits import Limits
from kelpie.store.chunks import finish_value
from kelpie.store.frame import unframe
from kelpie.store.journal_keys import JournalKeys
from kelpie.store.protocol import Transaction

__all__ = ["Known", "find_expired", "read_known", "read_totals", "written_of"]

_NS_PER_MS = 1_000_000


class Known(NamedTuple):
    """What is known of an instance without reading its turns."""

    flight: FlightId
    turns_before: int
    """How many turns were journaled before it began."""
    bytes_before: int
    begun_ns: int


async def read_totals(transaction: Transaction, keys: JournalKeys) -> tuple[int, int]:
    """How many turns were journaled, and their bytes; those that are gone count too.

    Raises:
        StoreError
    """
    found = await transaction.get_range(*keys.instances(), limit=1, reverse=True)
    if not found:
        return 0, 0
    known = read_known(keys, *found[0])
    turns, size = await written_of(transaction, keys, known.flight)
    return known.turns_before + turns, known.bytes_before + size


async def find_expired(
    transaction: Transaction,
    keys: JournalKeys,
    totals: tuple[int, int],
    now_ns: int,
    limits: Limits,
) -> list[FlightId]:
    """The oldest instances, if there is too much: as many as one commit clears.

    Raises:
        StoreError
    """
    rows = await transaction.get_range(
        *keys.instances(), limit=limits.journal_instances_trimmed_max + 1, snapshot=True
    )
    oldest = [read_known(keys, *row) for row in rows]
    turns, size = totals
    kept_since_ns = now_ns - limits.journal_age_ms_max * _NS_PER_MS
    # The last one stays: of it nobody knows when it ended.
    return [
        each.flight
        for each, following in pairwise(oldest)
        if turns - each.turns_before > limits.journal_turns_max
        or size - each.bytes_before > limits.journal_bytes_max
        or following.begun_ns < kept_since_ns
    ]


def read_known(keys: JournalKeys, key: bytes, stored: bytes) -> Known:
    """Raises:
    StoredValueCorrupt
    """
    return Known(FlightId(*keys.instance_of(key)), *msgpack.unpackb(unframe(key, stored)))  # type: ignore[arg-type]


async def written_of(
    transaction: Transaction, keys: JournalKeys, flight: FlightId
) -> tuple[int, int]:
    """How many turns of an instance are journaled, and their bytes.

    Raises:
        StoreError
    """
    rows = await transaction.get_range(*keys.turns_of(flight), limit=1, reverse=True)
    if not rows:
        return 0, 0
    key, stored = rows[0]
    count, size, _ = msgpack.unpackb(await finish_value(transaction, key, stored))
    return keys.first_of(key) - 1 + count, size
