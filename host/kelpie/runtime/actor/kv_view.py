"""What a turn sees of its actor's kv: the store, with the turns on top that are
not yet known to be durable."""

from __future__ import annotations

from collections.abc import Awaitable

from kelpie.ids import Payload
from kelpie.runtime.actor.kv_listing import KvListing, Writes
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.node import Node
from kelpie.store.chunks import decode_payload, read_value
from kelpie.store.reading import reading
from kelpie.wasm.turn import Page

__all__ = ["KvView"]


class KvView:
    """Answers the host calls of one activation's turns (`wasm.turn.Answers`)."""

    __slots__ = ("_node", "_pipeline")

    def __init__(self, node: Node, pipeline: Pipeline) -> None:
        self._node = node
        self._pipeline = pipeline

    def kv_get(self, key: bytes) -> Payload | Awaitable[Payload | None] | None:
        for batch in self._pipeline.layers():
            if key in batch.kv:
                return batch.kv[key]
            if batch.kv_cleared:
                return None
        return self._read(key)

    async def kv_list(
        self, prefix: bytes, after: bytes | None, limit: int, reverse: bool, writes: Writes
    ) -> Page:
        # Taken before the store is read, and kept until it has been: a commit
        # that lands in between moves writes from here to there, and a read that
        # began before it must not miss them in both.
        overlay, is_whole = self._overlay(writes)
        hidden = {
            key: value
            for key, value in overlay.items()
            if key.startswith(prefix) and _behind(key, after, reverse)
        }
        limits = self._node.limits
        listing = KvListing(limits, limit, hidden, reverse)
        keys = self._pipeline.claim.kv
        begin, end = keys.range(prefix, after, reverse)
        if is_whole:
            end = begin
        with reading(self._node.store) as transaction:
            await listing.fill(transaction, keys, begin, end)
        return listing.page()

    async def is_empty(self) -> bool:
        """Whether there is no entry. Values are not looked at: damage hides none.

        Raises:
            StoreError
        """
        overlay, is_whole = self._overlay({})
        if any(value is not None for value in overlay.values()):
            return False
        if is_whole:
            return True
        keys = self._pipeline.claim.kv
        begin, end = keys.range()
        with reading(self._node.store) as transaction:
            while rows := await transaction.get_range(begin, end, limit=1, snapshot=True):
                entry = rows[0][0]
                if keys.key_of(entry) not in overlay:
                    return False
                begin = entry + b"\0"
        return True

    def _overlay(self, writes: Writes) -> tuple[Writes, bool]:
        """All that hides what is stored, and whether it hides everything."""
        merged: Writes = {}
        is_whole = False
        for batch in reversed(list(self._pipeline.layers())):
            if batch.kv_cleared:
                is_whole = True
                merged.clear()
            merged.update(batch.kv)
        merged.update(writes)
        return merged, is_whole

    async def _read(self, key: bytes) -> Payload | None:
        entry = self._pipeline.claim.kv.entry(key)
        with reading(self._node.store) as transaction:
            body = await read_value(transaction, entry, snapshot=True)
        return None if body is None else decode_payload(body)


def _behind(key: bytes, after: bytes | None, reverse: bool) -> bool:
    if after is None:
        return True
    return key < after if reverse else key > after
