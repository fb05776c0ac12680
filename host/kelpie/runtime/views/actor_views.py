"""Looking at actors without running them: what is durable, straight from the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from kelpie.errors import StoredValueCorrupt
from kelpie.ids import Address, Payload
from kelpie.runtime.actor.active import ActiveActors
from kelpie.runtime.actor.kv_listing import KvListing
from kelpie.runtime.commits.ownership import read_kv, read_stored
from kelpie.runtime.kinds.actor_scan import next_actor
from kelpie.runtime.kinds.deploys import Deploys
from kelpie.runtime.node import Node
from kelpie.store.chunks import decode_payload, read_value
from kelpie.store.keyspace import ActorKeys, actors_of
from kelpie.store.kv_keys import KvKeys, left
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.wasm.turn import Page

__all__ = ["ActorPage", "ActorView", "ActorViews"]

# So that turns are not kept waiting while a long page is read.
_EXAMINED_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class ActorView:
    """An actor as seen from outside. Of one that was never used, all is zero."""

    address: Address
    active: bool
    epoch: int
    turns: int
    deploy_number: int
    last_error: str | None
    queued: int


class ActorPage(NamedTuple):
    """Actors in the order of their keys. `after` is where the next page begins;
    None if there are no more. A page may have fewer than were asked for, or
    none, and still be followed by more."""

    actors: list[ActorView]
    after: str | None


class ActorViews:
    """Each answer is one consistent read of what is committed. Turns that are
    not yet durable are not seen.

    Every method raises KindNotFound if nothing is deployed under the kind's
    name, and StoreError if the store could not be read: an actor is never taken
    for empty because of that.
    """

    def __init__(self, node: Node, deploys: Deploys, active: ActiveActors) -> None:
        self._node = node
        self._deploys = deploys
        self._active = active

    async def show(self, address: Address) -> ActorView:
        """What can be said of an actor."""
        self._check_kind(address.namespace, address.kind)
        with reading(self._node.store) as transaction:
            return await self._view(transaction, ActorKeys(address))

    async def page(
        self, namespace: str, kind: str, prefix: str, after: str | None, limit: int
    ) -> ActorPage:
        """The actors of a kind that hold state or kv, by key, behind `after`.

        At most `limit` of them and `actor_page_bytes_max` of keys. However much
        an actor holds, it costs the same few reads.
        """
        self._check_kind(namespace, kind)
        limits = self._node.limits
        rest = actors_of(namespace, kind, prefix, after)
        found: list[ActorView] = []
        bytes_left = limits.actor_page_bytes_max
        with reading(self._node.store) as transaction:
            for examined in range(limits.actor_page_examined_max):
                first = await next_actor(transaction, rest, snapshot=True)
                if first is None:
                    return ActorPage(found, None)
                if len(found) == limit or bytes_left <= 0:
                    break
                keys, rest = first
                after = keys.address.key
                if await _holds_anything(transaction, keys):
                    found.append(await self._view_or_damage(transaction, keys))
                    bytes_left -= len(after.encode())
                if examined % _EXAMINED_AT_ONCE == _EXAMINED_AT_ONCE - 1:
                    await self._node.env.sleep(0)
        return ActorPage(found, after)

    async def state(self, address: Address) -> Payload | None:
        """The actor's state; None if it has none."""
        self._check_kind(address.namespace, address.kind)
        with reading(self._node.store) as transaction:
            return await _value(transaction, ActorKeys(address).state)

    async def kv_entry(self, address: Address, key: str) -> Payload | None:
        """One value of its kv; None if it has none under this key."""
        self._check_kind(address.namespace, address.kind)
        with reading(self._node.store) as transaction:
            kv = await _kv(transaction, ActorKeys(address))
            return await _value(transaction, kv.entry(key.encode()))

    async def kv_page(self, address: Address, prefix: str, after: str | None, limit: int) -> Page:
        """Entries of its kv in the order of the UTF-8 of their keys: at most
        `limit`, and `kv_page_bytes_max` of keys and values, but one at the least."""
        self._check_kind(address.namespace, address.kind)
        listing = KvListing(self._node.limits, limit, {}, reverse=False)
        behind = None if after is None else after.encode()
        with reading(self._node.store) as transaction:
            kv = await _kv(transaction, ActorKeys(address))
            await listing.fill(transaction, kv, *kv.range(prefix.encode(), behind))
        return listing.page()

    async def _view_or_damage(self, transaction: Transaction, keys: ActorKeys) -> ActorView:
        """One of many: if nobody can read what it is, that says so, and hides no other."""
        try:
            return await self._view(transaction, keys)
        except StoredValueCorrupt as error:
            told = f"{error.code}: {error.message}"
            active = self._active.get(keys.address) is not None
            return ActorView(keys.address, active, 0, 0, 0, told, 0)

    async def _view(self, transaction: Transaction, keys: ActorKeys) -> ActorView:
        owner, sequence = await read_stored(transaction, keys)
        activation = self._active.get(keys.address)
        error = None if activation is None else activation.last_error
        return ActorView(
            address=keys.address,
            active=activation is not None,
            epoch=owner.epoch,
            turns=sequence.number,
            deploy_number=owner.deploy_number,
            last_error=None if error is None else f"{error.code}: {error.message}",
            queued=0 if activation is None else activation.queued,
        )

    def _check_kind(self, namespace: str, kind: str) -> None:
        self._deploys.current(namespace, kind)


async def _holds_anything(transaction: Transaction, keys: ActorKeys) -> bool:
    """What else there is says only that it was used, and what was asked of it."""
    if await transaction.get(keys.state, snapshot=True) is not None:
        return True
    try:
        kv = await read_kv(transaction, keys)
    except StoredValueCorrupt:
        # Who looks at the actor is told of it.
        return True
    return bool(await transaction.get_range(*kv.range(), limit=1, snapshot=True))


async def _kv(transaction: Transaction, keys: ActorKeys) -> KvKeys:
    """As `read_kv`, but also where what says how far the actor has come is damaged: who
    is to delete it by force, or to restore it, can look at what it holds.

    Raises:
        StoredValueCorrupt: entries of before a deletion are there as well, and nobody
            can tell them from those of now.
    """
    try:
        return await read_kv(transaction, keys)
    except StoredValueCorrupt as error:
        if await transaction.get(left(keys.address), snapshot=True) is not None:
            raise StoredValueCorrupt(
                f"{error.message}. Entries of its kv from before a deletion are there still, and "
                "nobody can tell them from those of now; its state can be read",
                **error.details,
            ) from error
    kv = KvKeys(keys.prefix, 0)
    found = await transaction.get_range(*kv.all_generations(), limit=1, snapshot=True)
    return KvKeys(keys.prefix, kv.generation_of(found[0][0])) if found else kv


async def _value(transaction: Transaction, key: bytes) -> Payload | None:
    body = await read_value(transaction, key, snapshot=True)
    return None if body is None else decode_payload(body)
