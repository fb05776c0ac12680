"""From actor to actor through what is stored of a kind, whatever each one holds."""

from __future__ import annotations

from kelpie.store.keyspace import ActorKeys, KeyRange, address_of
from kelpie.store.protocol import Transaction

__all__ = ["next_actor"]


async def next_actor(
    transaction: Transaction, within: KeyRange, *, snapshot: bool
) -> tuple[ActorKeys, KeyRange] | None:
    """The first actor of a range that `keyspace.actors_of` made, and what lies
    behind it; None if there is none. It costs one row, however much there is.

    Raises:
        StoreError
    """
    begin, end = within
    rows = await transaction.get_range(begin, end, limit=1, snapshot=snapshot)
    if not rows:
        return None
    keys = ActorKeys(address_of(rows[0][0]))
    return keys, (keys.everything()[1], end)
