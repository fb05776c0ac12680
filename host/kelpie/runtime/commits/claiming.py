"""How a claim to an actor is taken: by one consistent read, without a write."""

from __future__ import annotations

from kelpie.errors import Moved
from kelpie.runtime.commits.claim import Claim
from kelpie.runtime.commits.ownership import Owner, Sequence
from kelpie.runtime.commits.stored_state import StoredState, read_state
from kelpie.runtime.kinds.deploy import read_current
from kelpie.runtime.node import Node, is_alive
from kelpie.store import keyspace
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading

__all__ = ["load"]


async def load(node: Node, keys: ActorKeys) -> tuple[Claim, StoredState]:
    """The claim to an actor and its state, from one consistent read.

    Raises:
        KindNotFound: nothing of its kind is deployed.
        Moved: a living node owns it, or this one was fenced off.
        StoreError: it could not be read; nothing is assumed.
    """
    begun_ns = node.env.monotonic_ns()
    with reading(node.store) as transaction:
        claim = await _claim(transaction, node, keys)
        state = await read_state(transaction, keys)
        claim.known_at(await transaction.read_version(), begun_ns)
    return claim, state


async def _claim(transaction: Transaction, node: Node, keys: ActorKeys) -> Claim:
    """The claim to an actor that is free, or ours already."""
    await node.check_alive(transaction)
    own_stored = await transaction.get(keys.own)
    owner = Owner.read(keys, own_stored)
    ours = (owner.node, owner.incarnation) == (node.name, node.incarnation)
    if owner.node and not ours and await is_alive(transaction, owner.node, owner.incarnation):
        raise Moved(f"{keys.address} is owned by node {owner.node!r}", node=owner.node)
    seq_stored = await transaction.get(keys.seq)
    namespace, kind, _ = keys.address
    deploy_number = await read_current(transaction, namespace, kind)
    end_stored = await transaction.get(keyspace.kind_end(namespace, kind))
    assert deploy_number >= owner.deploy_number, "a deploy number never goes back"
    next_owner = Owner(owner.epoch + 1, node.name, node.incarnation, deploy_number)
    sequence = Sequence.read(keys, seq_stored)
    return Claim(
        node, keys, next_owner, sequence, own_stored, seq_stored, end_stored, names_us=ours
    )
