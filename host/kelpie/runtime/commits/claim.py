"""Ownership of one actor: what an activation believes, and the transactions
that hold only while it is true.

A claim is taken without a write: an activation loads the actor at one version,
and the first commit writes its ownership together with its effects, on the
condition that nothing was written in between. Who loses that race has changed
nothing and answered nobody.
"""

from __future__ import annotations

from typing import NamedTuple

from kelpie.errors import Moved
from kelpie.runtime.commits.ownership import Owner, Sequence
from kelpie.runtime.kinds.deploy import unpack_number
from kelpie.runtime.node import Node
from kelpie.store import keyspace
from kelpie.store.frame import is_same
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import KvKeys
from kelpie.store.protocol import Transaction

__all__ = ["Claim"]

_NS_PER_MS = 1_000_000


class _Writing(NamedTuple):
    """What a commit in flight makes true."""

    sequence: Sequence
    own_value: bytes
    seq_value: bytes


class Claim:
    """What one activation knows of its actor's ownership, as of `version`."""

    __slots__ = (
        "_end_key",
        "_end_stored",
        "_known_ns",
        "_node",
        "_own_stored",
        "_own_wanted",
        "_seq_stored",
        "_taken",
        "_version",
        "_writing",
        "activation",
        "keys",
        "kv",
        "names_us",
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
        end_stored: bytes | None,
        *,
        names_us: bool,
    ) -> None:
        self._node = node
        self.activation = node.count_activation()
        self.keys = keys
        self.owner = owner
        self.sequence = sequence
        self.kv = KvKeys(keys.prefix, sequence.kv_generation)
        """The keys of the entries of kv, as of the last commit."""
        self.names_us = names_us
        """Whether the store names this incarnation as the owner, under this
        claim's epoch or that of an earlier activation."""
        self._taken = False
        self._own_stored = own_stored
        self._own_wanted = owner.stored(keys)
        self._seq_stored = seq_stored
        self._end_key = keyspace.kind_end(keys.address.namespace, keys.address.kind)
        self._end_stored = end_stored
        self._writing: _Writing | None = None
        self._version = 0
        self._known_ns = 0

    @property
    def generation(self) -> int:
        """Tells the turns of this actor from those before its kind was deleted."""
        return 0 if self._end_stored is None else unpack_number(self._end_key, self._end_stored)

    def moves_to_deploy(self, number: int) -> None:
        """The actor now runs another deploy; the next commit says so."""
        assert number > self.owner.deploy_number, "a deploy number never goes back"
        self.owner = self.owner._replace(deploy_number=number)
        self._own_wanted = self.owner.stored(self.keys)

    def known_at(self, version: int, begun_ns: int) -> None:
        """All of this was true at `version`, which the store gave out after `begun_ns`."""
        self._version = version
        self._known_ns = begun_ns

    def is_recent(self, now_ns: int) -> bool:
        """Whether the store still knows what was written since the claim's version."""
        age_ms = (now_ns - self._known_ns) // _NS_PER_MS
        return age_ms * 2 < self._node.limits.store_transaction_ms_max

    def guarded(self) -> Transaction:
        """A transaction that can commit only while the claim is true.

        Nothing is read: what was true at the claim's version, which must be
        recent, is checked by conflict alone.
        """
        node, keys = self._node, self.keys
        transaction = node.store.transaction(self._version)
        transaction.add_read_conflict(keys.own, node.fence_key, keys.seq, self._end_key)
        return transaction

    async def checked(self) -> Transaction:
        """As `guarded`, by reading the same keys and comparing: for a
        version that is too old, or a conflict that has to be understood.

        Raises:
            Moved: the claim is no longer true.
        """
        transaction = self._node.store.transaction()
        try:
            await self.check(transaction)
        except BaseException:
            transaction.cancel()
            raise
        return transaction

    async def check(self, transaction: Transaction) -> None:
        """Reads ownership, fence, sequence and the kind's end, and compares them
        with the claim.

        Raises:
            Moved: the claim is no longer true.
        """
        if await self.kind_ended(transaction):
            raise Moved(f"the kind of {self.keys.address} was deleted")
        await self._check_owner(transaction)
        await self._check_sequence(transaction)

    async def check_may_answer(self, transaction: Transaction) -> None:
        """Whether what this activation knows of its actor is still so: for
        answers that commit nothing, while no commit is in flight.

        Raises:
            Moved: the claim is no longer true.
        """
        await self._check_owner(transaction)
        if not self._taken:
            # Commits of an earlier activation of this node may still land: none
            # of them changes the owner.
            await self._check_sequence(transaction)

    async def kind_ended(self, transaction: Transaction) -> bool:
        """Whether the actor's kind was deleted since the claim was taken. Answers
        that commit nothing need not ask: ownership is cleared before anything else.

        Raises:
            StoreError
        """
        stored = await transaction.get(self._end_key)
        return not is_same(self._end_key, stored, self._end_stored)

    async def _check_owner(self, transaction: Transaction) -> None:
        await self._node.check_alive(transaction)
        key = self.keys.own
        if not is_same(key, await transaction.get(key), self._own_stored):
            raise Moved(f"{self.keys.address} is owned by another activation")

    async def _check_sequence(self, transaction: Transaction) -> None:
        key = self.keys.seq
        if not is_same(key, await transaction.get(key), self._seq_stored):
            raise Moved(f"{self.keys.address} was changed by another activation")

    def write(self, transaction: Transaction, sequence: Sequence) -> None:
        """Puts ownership and the new sequence into a guarded transaction."""
        keys, own_value = self.keys, self._own_wanted
        if own_value != self._own_stored:
            transaction.set(keys.own, own_value)
        seq_value = sequence.stored(keys)
        transaction.set(keys.seq, seq_value)
        self._writing = _Writing(sequence, own_value, seq_value)

    def committed(self, version: int, begun_ns: int) -> None:
        """What `write` wrote last is now true."""
        assert self._writing is not None
        self.sequence, self._own_stored, self._seq_stored = self._writing
        self.names_us = self._taken = True
        self._writing = None
        if self.sequence.kv_generation != self.kv.generation:
            self.kv = KvKeys(self.keys.prefix, self.sequence.kv_generation)
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
        begun_ns = self._node.env.monotonic_ns()
        transaction = self._node.store.transaction()
        try:
            landed = await self._write_back(transaction)
            version = await transaction.commit()
        finally:
            transaction.cancel()
        if landed:
            self.committed(version, begun_ns)
        else:
            self.known_at(version, begun_ns)
        return landed

    async def _write_back(self, transaction: Transaction) -> bool:
        """Writes the sequence as it is; whether it is what `write` wrote last."""
        assert self._writing is not None
        keys, writing = self.keys, self._writing
        await self._node.check_alive(transaction)
        if await self.kind_ended(transaction):
            raise Moved(f"the kind of {keys.address} was deleted")
        own_stored = await transaction.get(keys.own)
        seq_stored = await transaction.get(keys.seq)
        owned = is_same(keys.own, own_stored, writing.own_value)
        counted = is_same(keys.seq, seq_stored, writing.seq_value)
        landed = owned and counted
        if not landed and (own_stored, seq_stored) != (self._own_stored, self._seq_stored):
            raise Moved(f"{keys.address} is owned by another activation")
        if seq_stored is None:
            # Nothing to write back; clearing it conflicts with a straggler as well.
            transaction.clear(keys.seq)
        else:
            transaction.set(keys.seq, seq_stored)
        return landed

    async def release(self) -> None:
        """Gives the actor up, keeping its epoch. Only where the store names us
        as the owner, and with no commit in flight.

        Raises:
            StoreError, Moved: it was not released; whoever wants the actor
                next finds this node as its owner, and asks it.
        """
        assert self.names_us
        recent = self.is_recent(self._node.env.monotonic_ns())
        transaction = self.guarded() if recent else await self.checked()
        released = self.owner._replace(node="", incarnation=0)
        transaction.set(self.keys.own, released.stored(self.keys))
        await transaction.commit()
        self.names_us = False
