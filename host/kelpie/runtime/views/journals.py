"""Looking at journals: which turns there are, and bundles of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from kelpie import __version__
from kelpie.errors import PayloadTooLarge, StoredValueCorrupt, TurnsNotFound
from kelpie.ids import Address
from kelpie.journal.birth import Birth
from kelpie.journal.bundles import BundleWriter
from kelpie.journal.entries import Altered, End, Entry, EntryInvalid, Given, read_end, read_given
from kelpie.journal.heads import Head, limits_told
from kelpie.journal.policy import Policy
from kelpie.limits import Limits
from kelpie.runtime.actor.active import ActiveActors
from kelpie.runtime.kinds.deploys import Deploys
from kelpie.runtime.node import Node
from kelpie.runtime.views.journal_reading import (
    birth_of,
    instances,
    number_of,
    read_made_of,
    rows,
    rows_up_to,
    up_to,
)
from kelpie.runtime.views.journal_rows import Known, written_of
from kelpie.store.journal_keys import JournalKeys
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.witness import Witness, nobody
from kelpie.wasm.engine_version import ENGINE_VERSION

__all__ = ["JournaledTurn", "Journals", "Page"]


def anybody_may() -> None:
    """Whoever asks may see configuration."""


class JournaledTurn(NamedTuple):
    """A turn, as a list shows it."""

    position: int
    """Which of all turns that were ever journaled for the actor, counted from 1."""
    instance: int
    """The position of the first turn of its instance."""
    deploy_number: int
    given: Given
    end: End
    host_calls: int


class Page(NamedTuple):
    """Turns, newest first, and whether there are older ones."""

    turns: list[JournaledTurn]
    more: bool


class Journals:
    """What is kept of turns, and what of it can be seen.

    Each method raises KindNotFound if nothing is deployed under the kind's name,
    and StoreError if the store could not be read."""

    def __init__(self, node: Node, deploys: Deploys, active: ActiveActors) -> None:
        self._node = node
        self._deploys = deploys
        self._active = active
        # A bundle is made in memory: one at a time.
        self._exports = asyncio.Semaphore(1)

    async def policy(self, namespace: str, kind: str) -> Policy:
        """What is kept of the turns of a kind."""
        self._deploys.current(namespace, kind)
        return await self._deploys.policies.get(namespace, kind)

    async def set_policy(
        self, namespace: str, kind: str, policy: Policy, witness: Witness = nobody
    ) -> bool:
        """From the next turn of each actor on, or, of one that is busy, from its
        next instance on. Whether it had another one."""
        changed = await self._deploys.policies.set(namespace, kind, policy, witness)
        for activation in self._active.all():
            if activation.address[:2] == (namespace, kind):
                activation.drop_instance()
        return changed

    async def page(self, address: Address, before: int | None, limit: int) -> Page:
        """The newest turns of an actor, at most so many: those with a position below `before`."""
        self._deploys.current(address.namespace, address.kind)
        keys = JournalKeys(ActorKeys(address).prefix)
        found: list[JournaledTurn] = []
        with reading(self._node.store) as transaction:
            async for known in instances(transaction, keys):
                if before is not None and known.turns_before + 1 >= before:
                    continue
                made_of = await read_made_of(transaction, keys, known.flight)
                if made_of is None:
                    continue
                birth = birth_of(made_of)
                turns, _ = await written_of(transaction, keys, known.flight)
                newest = known.turns_before + turns
                if before is not None:
                    newest = min(newest, before - 1)
                async for row in rows(transaction, keys, known.flight, reverse=True):
                    for offset in range(len(row.entries) - 1, -1, -1):
                        index = known.turns_before + row.first + offset
                        if index > newest:
                            continue
                        if len(found) == limit:
                            return Page(found, True)
                        found.append(_turn(known, birth, index, row.entries[offset]))
                await self._node.env.sleep(0)
        return Page(found, False)

    async def export(
        self,
        address: Address,
        begin: int | None,
        end: int | None,
        may_see_config: Callable[[], object] = anybody_may,
    ) -> bytes:
        """A bundle of the turns with numbers from `begin` to `end`, and of all that
        their instances ran before. `may_see_config` is asked if configuration was set
        for any of them.

        Raises:
            Whatever `may_see_config` does.
            TurnsNotFound: there are none.
            PayloadTooLarge: it would be too large.
        """
        self._deploys.current(address.namespace, address.kind)
        async with self._exports:
            return await self._export(address, begin, end, may_see_config)

    async def _export(
        self,
        address: Address,
        begin: int | None,
        end: int | None,
        may_see_config: Callable[[], object],
    ) -> bytes:
        node = self._node
        keys = JournalKeys(ActorKeys(address).prefix)
        head = Head(
            f"{address.kind}/{address.key}",
            address.namespace,
            __version__,
            ENGINE_VERSION,
            node.env.wall_ns(),
            limits_told(node.limits),
        )
        bundle, digests = BundleWriter(head), set[str]()
        turns = 0
        with reading(node.store) as transaction:
            wanted = await self._wanted(transaction, keys, begin, end)
        for known in wanted:
            # What was written once does not change: it need not be of one version.
            with reading(node.store) as transaction:
                packed = await read_made_of(transaction, keys, known.flight)
                found = await rows_up_to(transaction, keys, known.flight, end)
            if packed is None or not found:
                continue
            if begin is not None and number_of(found[-1].entries[-1]) < begin:
                continue
            birth = birth_of(packed)
            if birth.config:
                may_see_config()
            digest = birth.digest
            if digest not in digests:
                digests.add(digest)
                wasm = await self._deploys.components.wasm(digest)
                await node.env.blocking(bundle.add_component, wasm)
            bundle.add_birth(packed)
            for row in found:
                count, body = up_to(row, end)
                bundle.add_turns(count, body)
                turns += count
            _check_size(bundle.size, turns, node.limits)
            await node.env.sleep(0)
        if not turns:
            raise TurnsNotFound(_told_missing(address, begin, end))
        return bundle.finish()

    async def _wanted(
        self, transaction: Transaction, keys: JournalKeys, begin: int | None, end: int | None
    ) -> list[Known]:
        """The instances that may have run these turns, in the order of their births."""
        found: list[Known] = []
        async for known in instances(transaction, keys):
            if end is not None and known.flight.turn > end:
                continue
            found.append(known)
            if begin is not None and known.flight.turn < begin:
                # Its turns may reach into those that are wanted; those of older ones do not.
                break
        return found[::-1]


def _turn(known: Known, birth: Birth, index: int, entry: Entry) -> JournaledTurn:
    try:
        given, end = read_given(entry), read_end(entry)
    except (Altered, EntryInvalid) as error:
        raise StoredValueCorrupt(f"a turn in a journal is damaged: {error}") from error
    first = known.turns_before + 1
    return JournaledTurn(index, first, birth.deploy_number, given, end, len(entry.calls))


def _check_size(size: int, turns: int, limits: Limits) -> None:
    for limit, found, most, what in (
        ("bundle_bytes_max", size, limits.bundle_bytes_max, "bytes"),
        ("bundle_turns_max", turns, limits.bundle_turns_max, "turns"),
    ):
        if found > most:
            raise PayloadTooLarge(
                f"the bundle would have {found} {what}; at most {most} are allowed ({limit}): "
                "ask for fewer turns",
                limit=limit,
            )


def _told_missing(address: Address, begin: int | None, end: int | None) -> str:
    asked = "" if begin is None and end is None else f" {begin or 1}..{end or ''}"
    return (
        f"the journal of {address} has no turns{asked}: what is kept is set with "
        f"`kelpie journal {address.kind} --policy all`, and `kelpie journal "
        f"{address.kind}/{address.key}` lists what there is"
    )
