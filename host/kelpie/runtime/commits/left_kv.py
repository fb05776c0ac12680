"""What a deleted actor leaves of its kv, if that is more than its commit should clear.

The deletion then only moves its kv on to another generation, and notes in an index
that entries of those before are there still. Nobody reads them any more; they are
cleared by and by. See docs/adr/0019.
"""

from __future__ import annotations

import logging

from kelpie.env.bell import Bell
from kelpie.errors import StoredValueCorrupt, StoreError
from kelpie.ids import Address
from kelpie.runtime.commits.ownership import read_kv
from kelpie.runtime.node import Node
from kelpie.store.clearing import clear_some, is_more_than_some
from kelpie.store.frame import frame
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import KvKeys, address_of_left, left, left_anywhere
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact

__all__ = ["LeftKv", "is_much", "leave"]

_log = logging.getLogger("kelpie")

_ACTORS_AT_ONCE = 100
_NS_PER_MS = 1_000_000


async def is_much(node: Node, kv: KvKeys, *, large: bool) -> bool:
    """Whether these entries are more than one commit should clear. `large`: some may
    have chunks.

    Raises:
        StoreError
    """
    with reading(node.store) as transaction:
        if await is_more_than_some(transaction, kv.range(), node.limits):
            return True
        return large and await is_more_than_some(transaction, kv.chunks(), node.limits)


def leave(transaction: Transaction, actor: ActorKeys, generation: int) -> KvKeys:
    """Notes that entries of generations before this one are left to be cleared. The
    transaction must write it into the actor's sequence."""
    key = left(actor.address)
    transaction.set(key, frame(key, b""))
    return KvKeys(actor.prefix, generation)


class LeftKv:
    """Clears what was left on this node's store: when it starts, when one of its commits
    leaves something, and now and then what others have left."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._bell = Bell(node.env)
        self._is_over = False
        node.left_kv = self._bell.ring

    async def run(self) -> None:
        """Goes on until it is closed."""
        while not self._is_over:
            self._bell.listen()
            try:
                await self._clear_all()
            except StoreError as error:
                _log.warning("kv that deleted actors have left stays for now: %s", error.message)
            await self._bell.heard(self._node.limits.kv_clearing_sweep_ms)

    def close(self) -> None:
        """Begins no other transaction."""
        self._is_over = True
        self._bell.ring()

    async def _clear_all(self) -> None:
        behind: Address | None = None
        while True:
            with reading(self._node.store) as transaction:
                rows = await transaction.get_range(
                    *left_anywhere(behind), limit=_ACTORS_AT_ONCE, snapshot=True
                )
            for key, _ in rows:
                behind = address_of_left(key)
                try:
                    await self._clear(ActorKeys(behind))
                except StoredValueCorrupt as error:
                    _log.warning("what %s has left of its kv stays: %s", behind, error.message)
            if len(rows) < _ACTORS_AT_ONCE:
                return

    async def _clear(self, actor: ActorKeys) -> None:
        """Clears all that an actor has left. It rests for as long as it works, so that
        others get at the store."""
        env = self._node.env
        begun_ns = env.monotonic_ns()
        while not self._is_over and await self._clear_some(actor):
            await env.sleep((env.monotonic_ns() - begun_ns) // _NS_PER_MS)
            begun_ns = env.monotonic_ns()

    async def _clear_some(self, actor: ActorKeys) -> bool:
        """Clears some rows of one actor; False if there are none left.

        What it clears is over for good, so it does not matter who owns the actor, nor
        when this lands; but for one thing: when a kind is deleted its generations begin
        anew. Then the row that was read is cleared as well, which is a conflict.
        """
        node, key = self._node, left(actor.address)

        async def work(transaction: Transaction) -> bool:
            if await transaction.get(key) is None:
                return False
            kv = await read_kv(transaction, actor)
            for within in kv.before():
                if await clear_some(transaction, within, node.limits):
                    return True
            transaction.clear(key)
            return False

        return await transact(node.env, node.store, node.limits, work, repeatable=True)
