"""An actor of which nobody can read who owns it, or how far it has come.

Nothing can be run or committed in its place, not even its deletion. By force it is
deleted all the same: one transaction takes state and kv away and writes, where the
damage was, what is above anything that can have stood there. What guards against
things done twice stays: records of requests, cursors, counters of what was sent.
"""

from __future__ import annotations

from kelpie.errors import Moved, StoredValueCorrupt
from kelpie.ids import Address
from kelpie.runtime.commits.left_kv import leave
from kelpie.runtime.commits.ownership import Owner, Sequence
from kelpie.runtime.kinds.deploy import read_current
from kelpie.runtime.node import Node, is_alive
from kelpie.store.chunks import clear_value
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import Transaction
from kelpie.store.retry import transact
from kelpie.store.tuples import after
from kelpie.store.witness import Witness

__all__ = ["mend_by_force"]

_ROWS_AT_ONCE = 1000
_READ_BYTES_MAX = 1 << 20


async def mend_by_force(node: Node, address: Address, witness: Witness) -> bool:
    """Makes an actor such that a turn can delete what is left of it: if `own` or `seq`
    is damaged, its state and kv are cleared and both can be read again. Whether that
    was so; `witness` is told then. A sound actor is left as it is.

    Raises:
        KindNotFound
        Moved: a living node owns it, or this one was fenced off.
        StoreError
    """
    keys = ActorKeys(address)

    async def work(transaction: Transaction) -> bool:
        await node.check_alive(transaction)
        await read_current(transaction, address.namespace, address.kind)
        owner, sequence = await _owner(transaction, keys), await _sequence(transaction, keys)
        if owner is not None and sequence is not None:
            return False
        ours = owner is None or (owner.node, owner.incarnation) == (node.name, node.incarnation)
        if (
            owner is not None
            and owner.node
            and not ours
            and await is_alive(transaction, owner.node, owner.incarnation)
        ):
            raise Moved(f"{address} is owned by node {owner.node!r}", node=owner.node)
        # Every epoch and every number was taken by a commit, each at a version of its own.
        above = await transaction.read_version()
        if owner is None:
            transaction.set(keys.own, Owner(above, "", 0, 0).stored(keys))
        if sequence is None:
            count = await _count_records(transaction, keys)
            sequence = Sequence(above, "", count, True, node.count_activation(), 0, above)
        else:
            sequence = sequence._replace(kv_generation=sequence.kv_generation + 1)
        leave(transaction, keys, sequence.kv_generation)
        # Written in any case: whoever holds the actor conflicts with it.
        transaction.set(keys.seq, sequence.stored(keys))
        clear_value(transaction, keys.state, had_chunks=True)
        await witness(transaction, "by force: who owns it, or how far it came, was damaged")
        return True

    mended = await transact(node.env, node.store, node.limits, work)
    if mended:
        node.left_kv()
    return mended


async def _owner(transaction: Transaction, keys: ActorKeys) -> Owner | None:
    """None if it is damaged."""
    try:
        return Owner.read(keys, await transaction.get(keys.own))
    except StoredValueCorrupt:
        return None


async def _sequence(transaction: Transaction, keys: ActorKeys) -> Sequence | None:
    """None if it is damaged."""
    try:
        return Sequence.read(keys, await transaction.get(keys.seq))
    except StoredValueCorrupt:
        return None


async def _count_records(transaction: Transaction, keys: ActorKeys) -> int:
    begin, end = keys.all_records()
    count = 0
    while rows := await transaction.get_range(
        begin, end, limit=_ROWS_AT_ONCE, bytes_max=_READ_BYTES_MAX, snapshot=True
    ):
        count += len(rows)
        begin = after(rows[-1][0])
    return count
