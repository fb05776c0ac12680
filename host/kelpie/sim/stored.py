"""What is stored of an actor, read behind everybody's back."""

from __future__ import annotations

from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.runtime.commits.ownership import read_kv
from kelpie.sim.model import ActorState
from kelpie.store.chunks import decode_payload, finish_value, read_value
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import Store

__all__ = ["stored_state"]


async def stored_state(store: Store, address: Address, limits: Limits) -> ActorState:
    """The state and all entries of kv, as of one version.

    Raises:
        StoredValueCorrupt
    """
    keys = ActorKeys(address)
    transaction = store.transaction()
    body = await read_value(transaction, keys.state)
    state = None if body is None else decode_payload(body)
    entries: list[tuple[bytes, Payload]] = []
    kv = await read_kv(transaction, keys)
    begin, end = kv.range()
    at_once = limits.kv_rows_at_once_max
    while True:
        rows = await transaction.get_range(begin, end, limit=at_once)
        for key, stored in rows:
            value = await finish_value(transaction, key, stored)
            entries.append((kv.key_of(key), decode_payload(value)))
        if len(rows) < at_once:
            transaction.cancel()
            return ActorState(state, tuple(entries))
        begin = rows[-1][0] + b"\0"
