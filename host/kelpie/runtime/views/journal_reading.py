"""Reading a journal: its instances, and the rows of their turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import msgpack

from kelpie.errors import StoredValueCorrupt
from kelpie.journal.birth import Birth, pack_entry, unpack_birth, unpack_entries
from kelpie.journal.entries import Altered, Entry, EntryInvalid, read_given
from kelpie.journal.flights import FlightId
from kelpie.runtime.views.journal_rows import Known, read_known
from kelpie.store.chunks import finish_value, read_value
from kelpie.store.journal_keys import JournalKeys
from kelpie.store.protocol import Transaction

__all__ = [
    "Row",
    "birth_of",
    "instances",
    "number_of",
    "read_made_of",
    "rows",
    "rows_up_to",
    "up_to",
]

_ROWS_AT_ONCE = 16
_INSTANCES_AT_ONCE = 64


class Row(NamedTuple):
    """Turns that were written together."""

    first: int
    """Which of its instance's turns the first one is, counted from 1."""
    entries: list[Entry]
    packed: bytes


async def instances(transaction: Transaction, keys: JournalKeys) -> AsyncIterator[Known]:
    """All instances in the journal, newest first."""
    begin, end = keys.instances()
    while True:
        found = await transaction.get_range(
            begin, end, limit=_INSTANCES_AT_ONCE, reverse=True, snapshot=True
        )
        for key, stored in found:
            yield read_known(keys, key, stored)
        if len(found) < _INSTANCES_AT_ONCE:
            return
        end = found[-1][0]


async def rows(
    transaction: Transaction, keys: JournalKeys, flight: FlightId, *, reverse: bool = False
) -> AsyncIterator[Row]:
    """The rows of an instance's turns."""
    begin, end = keys.turns_of(flight)
    while True:
        found = await transaction.get_range(
            begin, end, limit=_ROWS_AT_ONCE, reverse=reverse, snapshot=True
        )
        for key, stored in found:
            body = await finish_value(transaction, key, stored, snapshot=True)
            count, _, packed = msgpack.unpackb(body)
            try:
                yield Row(keys.first_of(key), unpack_entries(count, packed), packed)
            except EntryInvalid as error:
                raise StoredValueCorrupt(f"a journal has turns that are none: {error}") from error
        if len(found) < _ROWS_AT_ONCE:
            return
        if reverse:
            end = found[-1][0]
        else:
            begin = found[-1][0] + b"\0"


async def rows_up_to(
    transaction: Transaction, keys: JournalKeys, flight: FlightId, end: int | None
) -> list[Row]:
    """All rows of an instance, from its birth on, that have turns with numbers up to `end`."""
    found: list[Row] = []
    following = 1
    async for row in rows(transaction, keys, flight):
        if row.first != following:
            raise StoredValueCorrupt("a journal has lost turns of an instance")
        following += len(row.entries)
        if end is not None and number_of(row.entries[0]) > end:
            break
        found.append(row)
    return found


async def read_made_of(
    transaction: Transaction, keys: JournalKeys, flight: FlightId
) -> bytes | None:
    """What an instance was made of, packed; None if it has left the journal by now."""
    return await read_value(transaction, keys.made_of(flight), snapshot=True)


def birth_of(packed: bytes) -> Birth:
    try:
        return unpack_birth(packed)
    except EntryInvalid as error:
        raise StoredValueCorrupt(f"of an instance in a journal {error}") from error


def number_of(entry: Entry) -> int:
    try:
        return read_given(entry).number
    except (Altered, EntryInvalid) as error:
        raise StoredValueCorrupt(f"a turn in a journal is damaged: {error}") from error


def up_to(row: Row, end: int | None) -> tuple[int, bytes]:
    """The turns of a row with numbers up to `end`."""
    if end is None or number_of(row.entries[-1]) <= end:
        return len(row.entries), row.packed
    kept = [each for each in row.entries if number_of(each) <= end]
    return len(kept), b"".join(map(pack_entry, kept))
