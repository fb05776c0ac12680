"""One page of an actor's kv: the store, with writes on top that it does not have yet."""

from __future__ import annotations

from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.store.chunks import decode_payload, finish_value
from kelpie.store.kv_keys import KvKeys
from kelpie.store.protocol import KeyValue, Transaction
from kelpie.wasm.turn import Page

__all__ = ["KvListing", "Writes"]

Writes = dict[bytes, Payload | None]
"""Values by their keys; None where one was deleted."""


class KvListing:
    """Merges stored entries, which come in order, with those that hide them."""

    def __init__(self, limits: Limits, limit: int, hidden: Writes, reverse: bool) -> None:
        self._limit = min(limit, limits.kv_page_entries_max)
        self._rows_at_once = min(self._limit + 1, limits.kv_rows_at_once_max)
        self._reverse = reverse
        self._full = False
        self._bytes_max = limits.kv_page_bytes_max
        self._bytes = 0
        self._hidden = hidden
        # A stack: the next one is at its end.
        self._waiting = sorted(hidden, reverse=not reverse)
        self._entries: list[tuple[bytes, Payload]] = []

    async def fill(self, transaction: Transaction, keys: KvKeys, begin: bytes, end: bytes) -> None:
        """Reads until the page is full or the range is at its end.

        Raises:
            StoreError
        """
        while not self._full:
            rows = await transaction.get_range(
                begin,
                end,
                limit=self._rows_at_once,
                bytes_max=self._bytes_max,
                reverse=self._reverse,
                snapshot=True,
            )
            for entry, stored in rows:
                key = keys.key_of(entry)
                if key in self._hidden:
                    continue
                body = await finish_value(transaction, entry, stored, snapshot=True)
                if not self._add(key, decode_payload(body)):
                    return
            if len(rows) < self._rows_at_once and _size(rows) < self._bytes_max:
                # Those were all there are.
                self._end()
                return
            last = rows[-1][0]
            begin, end = (begin, last) if self._reverse else (last + b"\0", end)

    def _add(self, key: bytes, value: Payload) -> bool:
        """The next stored entry; whether there is room for more."""
        while self._waiting and not self._full and _before(self._waiting[-1], key, self._reverse):
            self._take_waiting()
        if not self._full:
            self._put(key, value)
        return not self._full

    def _end(self) -> None:
        """There are no further stored entries."""
        while self._waiting and not self._full:
            self._take_waiting()

    def page(self) -> Page:
        return Page(self._entries, self._full)

    def _take_waiting(self) -> None:
        key = self._waiting.pop()
        value = self._hidden[key]
        if value is not None:
            self._put(key, value)

    def _put(self, key: bytes, value: Payload) -> None:
        """Puts an entry on the page, or finds that it no longer fits."""
        size = len(key) + len(value.data)
        beyond = self._bytes + size > self._bytes_max and bool(self._entries)
        if len(self._entries) >= self._limit or beyond:
            self._full = True
            return
        self._entries.append((key, value))
        self._bytes += size


def _size(rows: list[KeyValue]) -> int:
    return sum(len(key) + len(value) for key, value in rows)


def _before(one: bytes, other: bytes, reverse: bool) -> bool:
    return one > other if reverse else one < other
