"""What a turn sees of its actor's kv: the store, with the turns on top that are
not yet known to be durable."""

from __future__ import annotations

from collections.abc import Awaitable
from itertools import chain

from kelpie.ids import Payload
from kelpie.runtime.kv_listing import KvListing, Writes
from kelpie.runtime.node import Node
from kelpie.runtime.pipeline import Pipeline
from kelpie.store.chunks import decode_payload, read_value
from kelpie.store.keyspace import ActorKeys
from kelpie.store.reading import reading
from kelpie.wasm.turn import Page

__all__ = ["KvView"]


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
        listing = KvListing(limits, limit, hidden, reverse)
        begin, end = self._keys.kv_range(prefix, after, reverse)
        with reading(self._node.store) as transaction:
            await listing.fill(transaction, self._keys, begin, end)
        return listing.page()

    def _overlay(self, writes: Writes) -> Writes:
        merged: Writes = {}
        for layer in chain(reversed([batch.kv for batch in self._pipeline.layers()]), [writes]):
            merged.update(layer)
        return merged

    async def _read(self, key: bytes) -> Payload | None:
        with reading(self._node.store) as transaction:
            body = await read_value(transaction, self._keys.kv_entry(key), snapshot=True)
        return None if body is None else decode_payload(body)


def _behind(key: bytes, after: bytes | None, reverse: bool) -> bool:
    if after is None:
        return True
    return key < after if reverse else key > after
