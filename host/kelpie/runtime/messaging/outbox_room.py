"""How much more an actor may send before something of it is delivered."""

from __future__ import annotations

from collections.abc import Awaitable

from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.node import Node
from kelpie.store.chunks import value_bytes
from kelpie.store.message_keys import MessageKeys
from kelpie.store.reading import reading
from kelpie.wasm.turn import Failure

__all__ = ["OutboxRoom"]

_NS_PER_MS = 1_000_000


class OutboxRoom:
    """Knows how much is in the outbox at the most: what was found when it was
    counted last, and what was added since. What is delivered meanwhile is found
    by counting again, once there seems to be no more room."""

    __slots__ = ("_bytes", "_counted_ns", "_keys", "_letters", "_node", "_pipeline")

    def __init__(self, node: Node, pipeline: Pipeline, keys: MessageKeys) -> None:
        self._node = node
        self._pipeline = pipeline
        self._keys = keys
        self._letters = 0
        self._bytes = 0
        self._counted_ns: int | None = None
        """When it was counted; None if it was not."""

    def refuses(self, letters: int, size: int) -> Failure | Awaitable[Failure | None] | None:
        """Why so many letters of so many bytes may not be added; None if they may."""
        if self._counted_ns is not None:
            refusal = self._refusal(letters, size)
            if refusal is None or not self._may_count_again(self._counted_ns):
                return refusal
        return self._count(letters, size)

    def taken(self, letters: int, size: int) -> None:
        """So much was added."""
        self._letters += letters
        self._bytes += size

    def _may_count_again(self, counted_ns: int) -> bool:
        pause_ns = self._node.limits.outbox_count_ms_min * _NS_PER_MS
        return self._node.env.monotonic_ns() - counted_ns >= pause_ns

    def _refusal(self, letters: int, size: int) -> Failure | None:
        limits = self._node.limits
        if (
            self._letters + letters <= limits.outbox_letters_max
            and self._bytes + size <= limits.outbox_bytes_max
        ):
            return None
        return Failure(
            "unavailable",
            f"{self._letters} messages with {self._bytes} bytes wait to be delivered: "
            "surely not sent, try again later",
        )

    async def _count(self, letters: int, size: int) -> Failure | None:
        # What is on its way to be committed may land meanwhile, and be counted twice.
        self._letters = self._bytes = 0
        for batch in self._pipeline.layers():
            for key, value in batch.writes.items():
                if value is not None and self._keys.is_letter(key):
                    self.taken(1, len(value))
        await self._count_stored()
        self._counted_ns = self._node.env.monotonic_ns()
        return self._refusal(letters, size)

    async def _count_stored(self) -> None:
        limits = self._node.limits
        begin, end = self._keys.outbox()
        with reading(self._node.store) as transaction:
            while rows := await transaction.get_range(
                begin,
                end,
                limit=limits.outbox_page_letters_max,
                bytes_max=limits.outbox_page_bytes_max,
                snapshot=True,
            ):
                for key, stored in rows:
                    self.taken(1, value_bytes(key, stored))
                if self._refusal(1, 0) is not None:
                    return
                begin = rows[-1][0] + b"\0"
