"""An actor's state as the store has it, or what is wrong with it."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.errors import StoredValueCorrupt
from kelpie.ids import Payload
from kelpie.store.chunks import decode_payload, read_value
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import Transaction

__all__ = ["StoredState", "read_state"]


class StoredState(NamedTuple):
    value: Payload | None
    damage: StoredValueCorrupt | None = None
    """Why the value is not known. It is never taken for none."""


async def read_state(transaction: Transaction, keys: ActorKeys) -> StoredState:
    """Raises:
    StoreError: it could not be read, which says nothing about it.
    """
    try:
        body = await read_value(transaction, keys.state)
    except StoredValueCorrupt as damage:
        return StoredState(None, damage)
    return StoredState(None if body is None else decode_payload(body))
