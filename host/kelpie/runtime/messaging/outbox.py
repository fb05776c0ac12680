"""The letters of one actor that are not yet delivered, in the store.

Whoever delivers them need not own their sender: a letter never changes, and its
key is never used again, so the only thing to know is that it was delivered.
"""

from __future__ import annotations

from collections.abc import Iterable

from kelpie.ids import Address
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.messaging.lane import Waiting
from kelpie.runtime.messaging.letter import Letter, Number
from kelpie.runtime.node import Node
from kelpie.store.chunks import clear_value, finish_value
from kelpie.store.keyspace import ActorKeys
from kelpie.store.message_keys import MessageKeys, pending
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact

__all__ = ["Outbox"]


class Outbox:
    def __init__(self, node: Node, sender: Address) -> None:
        self._node = node
        self._keys = MessageKeys(ActorKeys(sender).prefix)
        self.begin, self._end = self._keys.outbox()
        self.index_keys = {pending(node.name, sender)}
        """The rows that say that there is something in it."""

    async def page(self, begin: bytes) -> tuple[list[Waiting], bool]:
        """The next letters, of those at `begin` and behind it, and whether there
        may be more.

        Raises:
            StoreError
        """
        limits = self._node.limits
        found, size = [], 0
        with reading(self._node.store) as transaction:
            for key, stored in await transaction.get_range(
                begin,
                self._end,
                limit=limits.outbox_page_letters_max,
                bytes_max=limits.outbox_page_bytes_max,
                snapshot=True,
            ):
                size += len(key) + len(stored)
                value = await finish_value(transaction, key, stored, snapshot=True)
                number = Number(*self._keys.letter_number(key))
                is_large = len(value) > DEFAULT_LIMITS.store_chunk_bytes_max
                found.append(Waiting(key, number, Letter.read(key, value), is_large))
        is_full = (
            len(found) == limits.outbox_page_letters_max or size >= limits.outbox_page_bytes_max
        )
        return found, is_full

    async def clear(self, delivered: Iterable[Waiting], *, close: bool) -> bool:
        """Takes delivered letters out. With `close` also the rows that say that
        there is something in it, if there is nothing more; whether it did.

        Raises:
            Moved: this incarnation of the node is over.
            StoreError: nothing is lost, they are there still.
        """

        async def work(transaction: Transaction) -> bool:
            await self._node.check_alive(transaction)
            for each in delivered:
                clear_value(transaction, each.key, had_chunks=each.is_large)
            # Among the conflicts: whoever sends meanwhile is not overlooked.
            if not close or await transaction.get_range(self.begin, self._end, limit=1):
                return False
            for key in self.index_keys:
                transaction.clear(key)
            return True

        node = self._node
        return await transact(node.env, node.store, node.limits, work, repeatable=True)
