"""One host process on its store: who it is, and whether it may still act."""

from __future__ import annotations

from collections.abc import Callable

import msgpack

from kelpie.env import Env
from kelpie.errors import Moved, Unreadable
from kelpie.ids import Address
from kelpie.journal.flights import Flights
from kelpie.limits import Limits
from kelpie.meters.turns import TurnMeters
from kelpie.runtime.requests.errand import Writes
from kelpie.runtime.telemetry.guest_log import GuestLog
from kelpie.runtime.telemetry.traces import Traces
from kelpie.runtime.tick import Tick
from kelpie.store import keyspace
from kelpie.store.format import check_format
from kelpie.store.frame import frame, is_same, unframe
from kelpie.store.protocol import Store, Transaction
from kelpie.store.retry import transact

__all__ = ["Node", "declare_dead"]

_ENTROPY_SECRET_BYTES = 32


class Node:
    """An incarnation of a node. Another one, of the same name or after this one
    was declared dead, moves the fence; from then on nothing of this one commits.
    """

    def __init__(self, env: Env, store: Store, limits: Limits, name: str) -> None:
        self.env = env
        self.store = store
        self.limits = limits
        self.name = name
        self.tick = Tick(env, store, limits)
        self.meters = TurnMeters(limits)
        self.guest_log = GuestLog(env, limits)
        self.traces = Traces(env, limits)
        self.flights = Flights(limits)
        self.fence_key = keyspace.node_fence(name)
        self.fence_stored = b""
        self.incarnation = 0
        self.entropy_secret = b""
        self.damaged_kinds: dict[tuple[str, str], Unreadable] = {}
        """Those that could not be read when this incarnation began, and why."""
        self.wrote: Callable[[Address, Writes], None] = _nobody_listens
        """Told of rows that were committed with the turns of an actor, or may have been."""
        self.left_kv: Callable[[], None] = _nobody_clears
        """Told that a commit has left entries of kv for others to clear, or may have."""
        self._activations = 0

    def count_activation(self) -> int:
        """A number that no other activation of this incarnation has."""
        self._activations += 1
        return self._activations

    def check_kind(self, namespace: str, kind: str) -> None:
        """Raises:
        StoredValueCorrupt, StoreFormatUnsupported: it is one of the damaged kinds.
        """
        damage = self.damaged_kinds.get((namespace, kind))
        if damage is not None:
            raise type(damage)(damage.message, **damage.details)

    async def be_born(self) -> None:
        """Fences off every earlier incarnation and begins this one.

        Raises:
            StoreFormatUnsupported: another version of Kelpie made the store.
            StoreError
        """

        async def work(transaction: Transaction) -> int:
            incarnation = await _read_fence(transaction, self.name) + 1
            transaction.set(self.fence_key, _fence_value(self.fence_key, incarnation))
            return incarnation

        env, store, limits = self.env, self.store, self.limits
        await check_format(env, store, limits)
        self.incarnation = await transact(env, store, limits, work, repeatable=True)
        self.fence_stored = _fence_value(self.fence_key, self.incarnation)
        self.entropy_secret = await transact(
            env, store, limits, self._entropy_secret, repeatable=True
        )
        self.traces.begin_at(self.name, self.incarnation, self.entropy_secret)
        await self.tick.refresh()

    async def check_alive(self, transaction: Transaction) -> None:
        """Reads the fence.

        Raises:
            Moved: this incarnation was fenced off.
        """
        stored = await transaction.get(self.fence_key)
        if not is_same(self.fence_key, stored, self.fence_stored):
            raise Moved(f"the incarnation {self.incarnation} of node {self.name!r} was fenced off")

    async def _entropy_secret(self, transaction: Transaction) -> bytes:
        key = keyspace.entropy_secret()
        stored = await transaction.get(key)
        if stored is not None:
            return unframe(key, stored)
        secret = self.env.random_bytes(_ENTROPY_SECRET_BYTES)
        transaction.set(key, frame(key, secret))
        return secret


def _nobody_listens(_address: Address, _writes: Writes) -> None:
    pass


def _nobody_clears() -> None:
    pass


async def is_alive(transaction: Transaction, name: str, incarnation: int) -> bool:
    """Whether this incarnation of the node has not been fenced off."""
    return await _read_fence(transaction, name) == incarnation


async def declare_dead(transaction: Transaction, name: str) -> None:
    """Fences off the node's incarnation, whatever it is still doing."""
    key = keyspace.node_fence(name)
    transaction.set(key, _fence_value(key, await _read_fence(transaction, name) + 1))


async def _read_fence(transaction: Transaction, name: str) -> int:
    key = keyspace.node_fence(name)
    stored = await transaction.get(key)
    if stored is None:
        return 0
    incarnation: int = msgpack.unpackb(unframe(key, stored))
    return incarnation


def _fence_value(key: bytes, incarnation: int) -> bytes:
    return frame(key, msgpack.packb(incarnation))
