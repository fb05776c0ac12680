"""What the store has of the durable turn in flight of an actor."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.errors import StoredValueCorrupt
from kelpie.runtime.durable.begun import Begun
from kelpie.runtime.durable.in_flight import InFlight
from kelpie.runtime.kinds.deploy import Deploy, find_deploy
from kelpie.store.chunks import finish_value, read_value
from kelpie.store.durable_keys import DurableKeys
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import Store, Transaction
from kelpie.store.reading import reading
from kelpie.store.rows import unpack_members
from kelpie.store.tuples import readable

__all__ = ["STEP_VERSION", "Resumption", "read_resumption"]

STEP_VERSION = 1
"""Of the format of steps."""

_ROWS_AT_ONCE = 100


class Resumption(NamedTuple):
    """A turn to be run again up to its last step."""

    begun: Begun
    deploy: Deploy | None
    """The version that it began with; None if that is gone."""
    done: InFlight
    calls: tuple[bytes, ...]
    """All host calls that were recorded, in their order."""
    steps: int
    tick: int
    """When the last step was recorded, or earlier."""


async def read_resumption(store: Store, actor: ActorKeys, steps: int) -> Resumption:
    """The turn in flight, which has so many steps.

    Raises:
        StoredValueCorrupt, StoreFormatUnsupported: it cannot be gone on with as it is.
        StoreError
    """
    keys, address = DurableKeys(actor), actor.address
    with reading(store) as transaction:
        head = await _whole(transaction, keys.begun)
        begun = Begun.read(keys.begun, head, address)
        done = InFlight.read(keys.index, await _whole(transaction, keys.index))
        deploy = await find_deploy(
            transaction, address.namespace, address.kind, begun.deploy_number
        )
        calls: list[bytes] = []
        tick = found = 0
        begin, end = keys.steps()
        while rows := await transaction.get_range(begin, end, limit=_ROWS_AT_ONCE, snapshot=True):
            for key, stored in rows:
                value = await finish_value(transaction, key, stored, snapshot=True)
                tick, sealed = unpack_members(key, value, STEP_VERSION, 2)
                calls += sealed
                found += 1
            begin = rows[-1][0] + b"\0"
    if found != steps:
        raise _corrupt(keys.begun, f"has {found} steps, not {steps}")
    return Resumption(begun, deploy, done, tuple(calls), steps, tick)


async def _whole(transaction: Transaction, key: bytes) -> bytes:
    value = await read_value(transaction, key, snapshot=True)
    if value is None:
        raise _corrupt(key, "is missing")
    return value


def _corrupt(key: bytes, what: str) -> StoredValueCorrupt:
    name = readable(key)
    return StoredValueCorrupt(
        f"the durable turn in flight at {name} {what}: end it with `kelpie cancel`, or restore "
        "the store from a backup",
        key=name,
    )
