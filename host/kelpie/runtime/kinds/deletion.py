"""Deleting a kind: one transaction ends it, and then what it leaves is cleared.

The first removes the current deploy and changes the kind's end, which every
commit of its actors has among its conflicts: from then on nothing is loaded and
nothing is committed. What is left cannot change any more, and is cleared in
transactions of bounded size, by whoever comes first: who deletes, a host that
starts, or a new deploy, which waits for it. Each deletion has a number, that of the
version that it has ended: whoever clears what one has left, perhaps long after others
have done so, touches nothing of a later one. See docs/adr/0006.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import msgpack

from kelpie.errors import KindInUse, StoredValueCorrupt, StoreError
from kelpie.runtime.commits import records
from kelpie.runtime.commits.ownership import read_kv
from kelpie.runtime.kinds.actor_scan import next_actor
from kelpie.runtime.kinds.deploy import read_current, unpack_number
from kelpie.runtime.node import Node
from kelpie.store import due_keys, keyspace
from kelpie.store.clearing import clear_some
from kelpie.store.durable_keys import DurableKeys
from kelpie.store.frame import frame
from kelpie.store.keyspace import ActorKeys, KeyRange
from kelpie.store.kv_keys import KvKeys
from kelpie.store.message_keys import MessageKeys
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact

__all__ = ["clear_all", "clear_remains", "end_kind", "unfinished"]

_log = logging.getLogger("kelpie")

# How many actors are looked at before others get the loop.
_ACTORS_AT_ONCE = 100


class _Held(NamedTuple):
    """How many actors there are, and how many of them hold what."""

    actors: int = 0
    with_state: int = 0
    with_kv: int = 0
    with_records: int = 0
    """Only of requests that may yet be asked again: see `request_record_age_ticks_min`."""
    with_messages: int = 0
    """Those that are not yet delivered, or dead letters."""
    with_reminders: int = 0
    with_durable_turns: int = 0
    """Those that are in flight."""
    more: bool = False
    """Whether there are actors that were not looked at."""


class _Ended(NamedTuple):
    """One deletion of a kind."""

    namespace: str
    kind: str
    number: int

    async def is_unfinished(self, transaction: Transaction) -> bool:
        """Whether not all that it has left is cleared. The kind may be there again by
        now, and may have been deleted again.

        Raises:
            StoreError
        """
        return await unfinished(transaction, self.namespace, self.kind) == self.number


async def end_kind(
    transaction: Transaction, node: Node, namespace: str, kind: str, *, force: bool
) -> None:
    """Ends the kind, unless it was ended already and is still to be cleared.

    Raises:
        KindInUse: its actors hold data, and it is not done by force.
        KindNotFound, StoreError
    """
    if await unfinished(transaction, namespace, kind):
        return
    number = await read_current(transaction, namespace, kind)
    if not force:
        held = await _held(transaction, node, namespace, kind)
        if held.more or any(held[1:-1]):
            raise KindInUse(_told(kind, held), kind=kind, **held._asdict())
    transaction.clear(keyspace.current_deploy(namespace, kind))
    for key in (keyspace.kind_end(namespace, kind), keyspace.kind_remains(namespace, kind)):
        transaction.set(key, frame(key, msgpack.packb(number)))


async def unfinished(transaction: Transaction, namespace: str, kind: str) -> int:
    """The number of the deletion of the kind of which not all is cleared; 0 if there is none.

    Raises:
        StoreError
    """
    key = keyspace.kind_remains(namespace, kind)
    stored = await transaction.get(key)
    return 0 if stored is None else unpack_number(key, stored)


async def clear_remains(node: Node, namespace: str, kind: str) -> int:
    """Clears all that a deleted kind has left; of how many actors. It goes on
    where it was left off, and does nothing for a kind that was not deleted.

    Raises:
        StoreError: the rest stays for the next time.
    """
    with reading(node.store) as transaction:
        number = await unfinished(transaction, namespace, kind)
    if not number:
        return 0
    ended = _Ended(namespace, kind, number)
    actors = await _disown(node, ended)
    for begin, end in keyspace.everything_of(namespace, kind):
        while await _clear_some(node, ended, (begin, end)):
            pass

    async def finish(transaction: Transaction) -> None:
        if await ended.is_unfinished(transaction):
            transaction.clear(keyspace.kind_remains(namespace, kind))

    await transact(node.env, node.store, node.limits, finish, repeatable=True)
    return actors


async def clear_all(node: Node, kinds: list[tuple[str, str]]) -> None:
    """Goes on with deletions that an earlier incarnation did not finish."""
    for namespace, kind in kinds:
        try:
            await clear_remains(node, namespace, kind)
        except StoreError:
            _log.exception("what %s/%s has left stays until the next start", namespace, kind)


async def _disown(node: Node, ended: _Ended) -> int:
    """Clears the ownership of every actor, before anything else of it: so that
    nobody answers from what is half cleared. How many there were."""
    begin, end = keyspace.actors_of(ended.namespace, ended.kind)
    count = 0
    while True:

        async def work(transaction: Transaction, rest: KeyRange = (begin, end)) -> list[ActorKeys]:
            found: list[ActorKeys] = []
            if not await ended.is_unfinished(transaction):
                return found
            while len(found) < _ACTORS_AT_ONCE and (
                first := await next_actor(transaction, rest, snapshot=True)
            ):
                keys, rest = first
                transaction.clear(keys.own)
                found.append(keys)
            return found

        found = await transact(node.env, node.store, node.limits, work, repeatable=True)
        count += len(found)
        if len(found) < _ACTORS_AT_ONCE:
            return count
        begin = found[-1].everything()[1]


async def _clear_some(node: Node, ended: _Ended, within: KeyRange) -> bool:
    """Clears some rows; False if there are none, or all was cleared by another."""

    async def work(transaction: Transaction) -> bool:
        if not await ended.is_unfinished(transaction):
            return False
        return await clear_some(transaction, within, node.limits)

    return await transact(node.env, node.store, node.limits, work, repeatable=True)


async def _held(transaction: Transaction, node: Node, namespace: str, kind: str) -> _Held:
    """Counts what actors hold. All of it is among the transaction's conflicts."""
    rest = keyspace.actors_of(namespace, kind)
    held = _Held()
    while first := await next_actor(transaction, rest, snapshot=False):
        if held.actors >= node.limits.kind_actors_counted_max:
            return held._replace(more=True)
        if held.actors % _ACTORS_AT_ONCE == 0:
            await node.env.sleep(0)
        keys, rest = first
        held = _Held(
            held.actors + 1,
            held.with_state + (await transaction.get(keys.state) is not None),
            held.with_kv + await _has_kv(transaction, keys),
            held.with_records
            + await records.keeps_any(transaction, keys, node.tick.value, node.limits),
            held.with_messages + await _has_messages(transaction, keys),
            held.with_reminders + await _has_any(transaction, due_keys.reminders(keys)),
            held.with_durable_turns + await _has_any(transaction, DurableKeys(keys).steps()),
        )
    return held


async def _has_kv(transaction: Transaction, keys: ActorKeys) -> bool:
    try:
        kv = await read_kv(transaction, keys)
    except StoredValueCorrupt:
        # Perhaps it is left of one that was deleted. That nobody can tell.
        return await _has_any(transaction, KvKeys(keys.prefix, 0).all_generations())
    # It was read without conflict, so as to meet no other turn: what may be written of kv
    # is of this generation, or of a later one.
    transaction.add_read_conflict_range(*kv.since())
    return bool(await transaction.get_range(*kv.range(), limit=1, snapshot=True))


async def _has_messages(transaction: Transaction, keys: ActorKeys) -> bool:
    messages = MessageKeys(keys.prefix)
    for each in (messages.outbox(), messages.dead_letters(), due_keys.all_delayed(keys)):
        if await _has_any(transaction, each):
            return True
    return False


async def _has_any(transaction: Transaction, within: KeyRange) -> bool:
    return bool(await transaction.get_range(*within, limit=1))


def _told(kind: str, held: _Held) -> str:
    more = "more than " if held.more else ""
    return (
        f"{kind!r} has {more}{held.actors} actors: {held.with_state} with state, {held.with_kv} "
        f"with kv, {held.with_records} with request records, {held.with_messages} with messages, "
        f"{held.with_reminders} with reminders, {held.with_durable_turns} with a durable turn in "
        "flight; nothing was deleted"
    )
