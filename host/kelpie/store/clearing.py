"""Clearing what may be much, a little at a time, so that no other commit waits long for it."""

from __future__ import annotations

from kelpie.limits import MIB, Limits
from kelpie.store.keyspace import KeyRange
from kelpie.store.protocol import Transaction
from kelpie.store.tuples import after

__all__ = ["clear_some", "is_more_than_some"]

_BYTES_MAX = 1 * MIB


async def clear_some(transaction: Transaction, within: KeyRange, limits: Limits) -> bool:
    """Clears the first rows of a range, as many as one transaction should; False if
    there are none. They are not among its conflicts.

    Raises:
        StoreError
    """
    rows = await transaction.get_range(
        *within, limit=limits.rows_cleared_max, bytes_max=_BYTES_MAX, snapshot=True
    )
    if rows:
        transaction.clear_range(rows[0][0], after(rows[-1][0]))
    return bool(rows)


async def is_more_than_some(transaction: Transaction, within: KeyRange, limits: Limits) -> bool:
    """Whether a range has more rows, or larger ones, than one transaction should clear.

    Raises:
        StoreError
    """
    rows_max = limits.rows_cleared_max
    rows = await transaction.get_range(
        *within, limit=rows_max + 1, bytes_max=_BYTES_MAX, snapshot=True
    )
    return len(rows) > rows_max or sum(len(key) + len(row) for key, row in rows) >= _BYTES_MAX
