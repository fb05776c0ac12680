"""What the store keeps about who owns an actor, and how far it has come."""

from __future__ import annotations

import shlex
from typing import NamedTuple

import msgpack

from kelpie.errors import StoredValueCorrupt
from kelpie.store.frame import frame, unframe
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import KvKeys
from kelpie.store.packing import pack_value
from kelpie.store.protocol import Transaction

__all__ = ["Owner", "Sequence", "read_kv", "read_stored"]


class Owner(NamedTuple):
    """The value of `own`. A released actor keeps its epoch, with no node."""

    epoch: int
    node: str
    incarnation: int
    deploy_number: int

    def stored(self, keys: ActorKeys) -> bytes:
        return frame(keys.own, pack_value(self))

    @classmethod
    def read(cls, keys: ActorKeys, stored: bytes | None) -> Owner:
        """Raises:
        StoredValueCorrupt
        """
        if stored is None:
            return cls(0, "", 0, 0)
        return cls(*msgpack.unpackb(_unframe(keys, keys.own, stored)))


class Sequence(NamedTuple):
    """The value of `seq`: one higher with each turn that commits something.

    `large` says that some value of the actor was once stored in chunks, so that
    writing over one must clear them. `activation` tells the activations of one
    incarnation apart: two of them never write the same, whatever they commit.
    `steps` are those of the durable turn in flight; 0 if there is none.
    `kv_generation` tells the entries of kv from those before a deletion of the actor.
    """

    number: int
    last_request_id: str
    record_count: int
    large: bool
    activation: int
    steps: int = 0
    kv_generation: int = 0

    def stored(self, keys: ActorKeys) -> bytes:
        # Without those at the end, which most actors never have, it is written as it
        # always was.
        if self.kv_generation:
            return frame(keys.seq, pack_value(self))
        return frame(keys.seq, pack_value(self[:-1] if self.steps else self[:-2]))

    @classmethod
    def read(cls, keys: ActorKeys, stored: bytes | None) -> Sequence:
        """Raises:
        StoredValueCorrupt
        """
        if stored is None:
            return cls(0, "", 0, False, 0)
        return cls(*msgpack.unpackb(_unframe(keys, keys.seq, stored)))


def _unframe(keys: ActorKeys, key: bytes, stored: bytes) -> bytes:
    """Without it the actor cannot even be deleted, unless by force."""
    namespace, kind, name = keys.address
    try:
        return unframe(key, stored)
    except StoredValueCorrupt as error:
        raise StoredValueCorrupt(
            f"{error.message}; or delete the actor with all that it holds: "
            f"`kelpie delete --namespace {namespace} {shlex.quote(f'{kind}/{name}')} --force`, or "
            "DELETE with ?force=true",
            **error.details,
        ) from error


async def read_stored(transaction: Transaction, keys: ActorKeys) -> tuple[Owner, Sequence]:
    """What the store says of an actor, whoever owns it.

    Raises:
        StoreError
    """
    owner = Owner.read(keys, await transaction.get(keys.own, snapshot=True))
    return owner, Sequence.read(keys, await transaction.get(keys.seq, snapshot=True))


async def read_kv(transaction: Transaction, keys: ActorKeys) -> KvKeys:
    """The keys of the entries of kv that an actor has now.

    Raises:
        StoredValueCorrupt: nobody can tell its entries from those that are over.
        StoreError
    """
    sequence = Sequence.read(keys, await transaction.get(keys.seq, snapshot=True))
    return KvKeys(keys.prefix, sequence.kv_generation)
