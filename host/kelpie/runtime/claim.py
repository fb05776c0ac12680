"""Ownership of one actor: what an activation believes, and the transactions
that hold only while it is true.

A claim is taken without a write: an activation loads the actor at one version,
and the first commit writes its ownership together with its effects, on the
condition that nothing was written in between. Who loses that race has changed
nothing and answered nobody.
"""

from __future__ import annotations

from typing import NamedTuple

import msgpack

from kelpie.errors import Moved
from kelpie.ids import Payload
from kelpie.runtime.deploys import read_current
from kelpie.runtime.node import Node, is_alive
from kelpie.store.chunks import decode_payload, read_value
from kelpie.store.frame import frame, unframe
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import Transaction

__all__ = ["Claim", "Owner", "Sequence", "load", "read_stored"]

_NANOSECONDS = 1_000_000


class Owner(NamedTuple):
    """The value of `own`. A released actor keeps its epoch, with no node."""

    epoch: int
    node: str
    incarnation: int
    deploy_number: int


class Sequence(NamedTuple):
    """The value of `seq`: one higher with each turn that commits something.

    `large` says that some value of the actor was once stored in chunks, so that
    writing over one must clear them.
    """

    number: int
    last_request_id: str
    record_count: int
    large: bool


_NEVER_OWNED = Owner(0, "", 0, 0)
_NEVER_WRITTEN = Sequence(0, "", 0, False)


class Claim:
    """What one activation knows of its actor's ownership, as of `version`."""

    __slots__ = (
        "_known_ns",
        "_node",
        "_own_stored",
        "_own_wanted",
        "_seq_stored",
        "_version",
        "_writing",
        "keys",
        "owner",
        "sequence",
    )

    def __init__(
        self,
        node: Node,
        keys: ActorKeys,
        owner: Owner,
        sequence: Sequence,
        own_stored: bytes | None,
        seq_stored: bytes | None,
    ) -> None:
        self._node = node
        self.keys = keys
        self.owner = owner
        self.sequence = sequence
        self._own_stored = own_stored
        self._own_wanted = _own_value(keys, owner)
        self._seq_stored = seq_stored
        self._writing: tuple[Sequence, bytes] | None = None
        self._version = 0
        self._known_ns = 0

    def moves_to_deploy(self, number: int) -> None:
        """The actor now runs another deploy; the next commit says so."""
        assert number > self.owner.deploy_number, "a deploy number never goes back"
        self.owner = self.owner._replace(deploy_number=number)
        self._own_wanted = _own_value(self.keys, self.owner)

    def known_at(self, version: int, begun_ns: int) -> None:
        """All of this was true at `version`, which the store gave out after `begun_ns`."""
        self._version = version
        self._known_ns = begun_ns

    @property
    def held(self) -> bool:
        """Whether the store says that this activation owns the actor."""
        return self._own_stored == self._own_wanted

    async def guarded(self, *, fresh: bool) -> Transaction:
        """A transaction that can commit only while the claim is true.

        Unless `fresh`, nothing is read: what was true at the claim's version is
        checked by conflict alone. When that version is too old, or a conflict
        has to be understood, the same three keys are read and compared.

        Raises:
            Moved: the claim is no longer true.
        """
        node, keys = self._node, self.keys
        age = node.env.monotonic_ns() - self._known_ns
        if fresh or age > node.limits.store_transaction_ms_max * _NANOSECONDS // 2:
            transaction = node.store.transaction()
            await self.check(transaction)
            return transaction
        transaction = node.store.transaction(self._version)
        transaction.add_read_conflict(keys.own)
        transaction.add_read_conflict(node.fence_key)
        transaction.add_read_conflict(keys.seq)
        return transaction

    async def check(self, transaction: Transaction) -> None:
        """Reads ownership, fence and sequence, and compares them with the claim.

        Raises:
            Moved: the claim is no longer true.
        """
        await self.check_owner(transaction)
        if await transaction.get(self.keys.seq) != self._seq_stored:
            raise Moved(f"{self.keys.address} was changed by another activation")

    async def check_owner(self, transaction: Transaction) -> None:
        """Reads ownership and fence alone.

        Raises:
            Moved: the claim is no longer true.
        """
        await self._node.check_alive(transaction)
        if await transaction.get(self.keys.own) != self._own_stored:
            raise Moved(f"{self.keys.address} is owned by another activation")

    def write(self, transaction: Transaction, sequence: Sequence) -> None:
        """Puts ownership and the new sequence into a guarded transaction."""
        keys = self.keys
        if not self.held:
            transaction.set(keys.own, self._own_wanted)
        seq_value = _seq_value(keys, sequence)
        transaction.set(keys.seq, seq_value)
        self._writing = (sequence, seq_value)

    def committed(self, version: int, begun_ns: int) -> None:
        """What `write` wrote last is now true."""
        assert self._writing is not None
        self.sequence, self._seq_stored = self._writing
        self._own_stored = self._own_wanted
        self._writing = None
        self.known_at(version, begun_ns)

    async def barrier(self) -> bool:
        """Whether the commit of what `write` wrote last, whose result is
        unknown, took place.

        One attempt. Writes the stored sequence back, so that a straggler that
        has not landed by now never will.

        Raises:
            Moved: the ownership has moved meanwhile.
            StoreError: try again.
        """
        assert self._writing is not None
        keys, begun_ns = self.keys, self._node.env.monotonic_ns()
        transaction = self._node.store.transaction()
        await self._node.check_alive(transaction)
        own_stored = await transaction.get(keys.own)
        stored = await transaction.get(keys.seq)
        landed = own_stored == self._own_wanted and stored == self._writing[1]
        if not landed and (own_stored, stored) != (self._own_stored, self._seq_stored):
            raise Moved(f"{self.keys.address} is owned by another activation")
        if stored is None:
            # Nothing to write back; clearing it conflicts with a straggler as well.
            transaction.clear(keys.seq)
        else:
            transaction.set(keys.seq, stored)
        version = await transaction.commit()
        if landed:
            self.committed(version, begun_ns)
        else:
            self.known_at(version, begun_ns)
        return landed

    async def release(self) -> None:
        """Gives the actor up, keeping its epoch. Only for a claim that is held,
        with no commit in flight.

        Raises:
            StoreError, Moved: it was not released; whoever wants the actor
                next finds this node as its owner, and asks it.
        """
        assert self.held
        transaction = await self.guarded(fresh=False)
        released = self.owner._replace(node="", incarnation=0)
        transaction.set(self.keys.own, _own_value(self.keys, released))
        await transaction.commit()


async def load(node: Node, keys: ActorKeys) -> tuple[Claim, Payload | None]:
    """The claim to an actor and its state, from one consistent read.

    Raises:
        KindNotFound: nothing of its kind is deployed.
        Moved: a living node owns it, or this one was fenced off.
        StoreError: it could not be read; nothing is assumed.
    """
    begun_ns = node.env.monotonic_ns()
    transaction = node.store.transaction()
    await node.check_alive(transaction)
    own_stored = await transaction.get(keys.own)
    owner = _owner(keys, own_stored)
    ours = (owner.node, owner.incarnation) == (node.name, node.incarnation)
    if owner.node and not ours and await is_alive(transaction, owner.node, owner.incarnation):
        raise Moved(f"{keys.address} is owned by node {owner.node!r}", node=owner.node)
    seq_stored = await transaction.get(keys.seq)
    sequence = _sequence(keys, seq_stored)
    state = await read_value(transaction, keys.state)
    deploy_number = await read_current(transaction, keys.address.namespace, keys.address.kind)
    next_owner = Owner(owner.epoch + 1, node.name, node.incarnation, deploy_number)
    claim = Claim(node, keys, next_owner, sequence, own_stored, seq_stored)
    claim.known_at(await transaction.read_version(), begun_ns)
    transaction.cancel()
    return claim, None if state is None else decode_payload(state)


async def read_stored(transaction: Transaction, keys: ActorKeys) -> tuple[Owner, Sequence]:
    """What the store says of an actor, whoever owns it.

    Raises:
        StoreError
    """
    owner = _owner(keys, await transaction.get(keys.own, snapshot=True))
    return owner, _sequence(keys, await transaction.get(keys.seq, snapshot=True))


def _owner(keys: ActorKeys, stored: bytes | None) -> Owner:
    if stored is None:
        return _NEVER_OWNED
    return Owner(*msgpack.unpackb(unframe(keys.own, stored)))


def _sequence(keys: ActorKeys, stored: bytes | None) -> Sequence:
    if stored is None:
        return _NEVER_WRITTEN
    return Sequence(*msgpack.unpackb(unframe(keys.seq, stored)))


def _own_value(keys: ActorKeys, owner: Owner) -> bytes:
    return frame(keys.own, msgpack.packb(owner))


def _seq_value(keys: ActorKeys, sequence: Sequence) -> bytes:
    return frame(keys.seq, msgpack.packb(sequence))
