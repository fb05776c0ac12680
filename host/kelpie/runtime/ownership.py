"""What the store keeps about who owns an actor, and how far it has come."""

from __future__ import annotations

from typing import NamedTuple

import msgpack

from kelpie.store.frame import frame, unframe
from kelpie.store.keyspace import ActorKeys
from kelpie.store.packing import pack_value
from kelpie.store.protocol import Transaction

__all__ = ["Owner", "Sequence", "read_stored"]


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
        return cls(*msgpack.unpackb(unframe(keys.own, stored)))


class Sequence(NamedTuple):
    """The value of `seq`: one higher with each turn that commits something.

    `large` says that some value of the actor was once stored in chunks, so that
    writing over one must clear them. `activation` tells the activations of one
    incarnation apart: two of them never write the same, whatever they commit.
    """

    number: int
    last_request_id: str
    record_count: int
    large: bool
    activation: int

    def stored(self, keys: ActorKeys) -> bytes:
        return frame(keys.seq, pack_value(self))

    @classmethod
    def read(cls, keys: ActorKeys, stored: bytes | None) -> Sequence:
        """Raises:
        StoredValueCorrupt
        """
        if stored is None:
            return cls(0, "", 0, False, 0)
        return cls(*msgpack.unpackb(unframe(keys.seq, stored)))


async def read_stored(transaction: Transaction, keys: ActorKeys) -> tuple[Owner, Sequence]:
    """What the store says of an actor, whoever owns it.

    Raises:
        StoreError
    """
    owner = Owner.read(keys, await transaction.get(keys.own, snapshot=True))
    return owner, Sequence.read(keys, await transaction.get(keys.seq, snapshot=True))
