"""What a turn sees of its actor's kv: the store, with the turns on top that are
not yet known to be durable."""

from __future__ import annotations

from collections.abc import Awaitable
from itertools import chain

from kelpie.ids import Payload
from kelpie.runtime.node import Node
from kelpie.runtime.pipeline import Pipeline
from kelpie.store.chunks import decode_payload, finish_value, read_value
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import KeyValue, Transaction
from kelpie.store.reading import reading
from kelpie.wasm.turn import Page

__all__ = ["KvView"]

Writes = dict[bytes, Payload | None]


class KvView:
    """Answers the host calls of one activation's turns (`wasm.turn.Answers`)."""

    __slots__ = ("_keys", "_node", "_pipeline")

    def __init__(self, node: Node, keys: ActorKeys, pipeline: Pipeline) -> None:
        self._node = node
        self._keys = keys
        self._pipeline = pipeline

    def kv_get(self, key: bytes) -> Payload | Awaitable[Payload | None] | None:
        for batch in self._pipeline.layers():
            if key in batch.kv:
                return batch.kv[key]
        return self._read(key)

    async def kv_list(
        self, prefix: bytes, after: bytes | None, limit: int, reverse: bool, writes: Writes
    ) -> Page:
        # Taken before the store is read, and kept until it has been: a commit
        # that lands in between moves writes from here to there, and a read that
        # began before it must not miss them in both.
        overlay = self._overlay(writes)
        hidden = {
            key: value
            for key, value in overlay.items()
            if key.startswith(prefix) and _behind(key, after, reverse)
        }
        limits = self._node.limits
        listing = _Listing(
            min(limit, limits.kv_page_entries_max), limits.kv_page_bytes_max, hidden, reverse
        )
        begin, end = self._keys.kv_range(prefix, after, reverse)
        with reading(self._node.store) as transaction:
            await self._fill(listing, transaction, begin, end)
        return listing.page()

    def _overlay(self, writes: Writes) -> Writes:
        merged: Writes = {}
        for layer in chain(reversed([batch.kv for batch in self._pipeline.layers()]), [writes]):
            merged.update(layer)
        return merged

    async def _fill(
        self, listing: _Listing, transaction: Transaction, begin: bytes, end: bytes
    ) -> None:
        """Reads until the listing is full or the range is at its end."""
        keys, limits, reverse = self._keys, self._node.limits, listing.reverse
        rows_at_once = min(listing.limit + 1, limits.kv_rows_at_once_max)
        while not listing.full:
            rows = await transaction.get_range(
                begin,
                end,
                limit=rows_at_once,
                bytes_max=limits.kv_page_bytes_max,
                reverse=reverse,
                snapshot=True,
            )
            for entry, stored in rows:
                key = keys.kv_key(entry)
                if not listing.wants(key):
                    continue
                value = decode_payload(
                    await finish_value(transaction, entry, stored, snapshot=True)
                )
                if not listing.add(key, value):
                    return
            if len(rows) < rows_at_once and _size(rows) < limits.kv_page_bytes_max:
                # Those were all there are.
                listing.end()
                return
            last = rows[-1][0]
            begin, end = (begin, last) if reverse else (last + b"\0", end)

    async def _read(self, key: bytes) -> Payload | None:
        with reading(self._node.store) as transaction:
            body = await read_value(transaction, self._keys.kv_entry(key), snapshot=True)
        return None if body is None else decode_payload(body)


def _behind(key: bytes, after: bytes | None, reverse: bool) -> bool:
    if after is None:
        return True
    return key < after if reverse else key > after


class _Listing:
    """Merges stored entries, which come in order, with those that hide them."""

    def __init__(self, limit: int, bytes_max: int, hidden: Writes, reverse: bool) -> None:
        self.limit = limit
        self.reverse = reverse
        self.full = False
        self._bytes_max = bytes_max
        self._bytes = 0
        self._hidden = hidden
        # A stack: the next one is at its end.
        self._waiting = sorted(hidden, reverse=not reverse)
        self._entries: list[tuple[bytes, Payload]] = []

    def wants(self, key: bytes) -> bool:
        """Whether the stored value of `key` is to be seen."""
        return key not in self._hidden

    def add(self, key: bytes, value: Payload) -> bool:
        """The next stored entry; whether there is room for more."""
        while self._waiting and not self.full and _before(self._waiting[-1], key, self.reverse):
            self._take_waiting()
        if not self.full:
            self._put(key, value)
        return not self.full

    def end(self) -> None:
        """There are no further stored entries."""
        while self._waiting and not self.full:
            self._take_waiting()

    def page(self) -> Page:
        return Page(self._entries, self.full)

    def _take_waiting(self) -> None:
        key = self._waiting.pop()
        value = self._hidden[key]
        if value is not None:
            self._put(key, value)

    def _put(self, key: bytes, value: Payload) -> None:
        """Puts an entry on the page, or finds that it no longer fits."""
        size = len(key) + len(value.data)
        beyond = self._bytes + size > self._bytes_max and bool(self._entries)
        if len(self._entries) >= self.limit or beyond:
            self.full = True
            return
        self._entries.append((key, value))
        self._bytes += size


def _size(rows: list[KeyValue]) -> int:
    return sum(len(key) + len(value) for key, value in rows)


def _before(one: bytes, other: bytes, reverse: bool) -> bool:
    return one > other if reverse else one < other
