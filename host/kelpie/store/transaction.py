"""The transaction that all our backends share.

A backend says how stored values are read and how a commit is decided; reading
one's own writes, conflict ranges and the rules of the protocol are here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from itertools import accumulate

from kelpie.store.buffer import Buffer
from kelpie.store.protocol import KeyValue
from kelpie.store.tuples import after

__all__ = ["BufferedTransaction"]


class BufferedTransaction(Buffer, ABC):
    """A transaction whose writes wait in memory for the commit.

    `version` is its read version, None until it is first needed.
    """

    __slots__ = ("finished", "version")

    def __init__(self, version: int | None) -> None:
        super().__init__()
        self.version = version
        self.finished = False

    @abstractmethod
    def pin(self) -> int:
        """Fixes the read version, if it is not, and returns it."""

    @abstractmethod
    async def read_stored(self, key: bytes) -> bytes | None:
        """What is stored at the read version."""

    @abstractmethod
    async def read_stored_range(
        self, begin: bytes, end: bytes, limit: int, bytes_max: int | None, reverse: bool
    ) -> list[KeyValue]:
        """What is stored at the read version, cut short as `get_range` says."""

    @abstractmethod
    def commit_writes(self) -> Awaitable[int]:
        """Commits what is in the buffer, which is not empty; the version."""

    @abstractmethod
    def let_go(self) -> None:
        """Gives back what reading took. Called at least once, at the end."""

    async def read_version(self) -> int:
        assert not self.finished
        return self.pin()

    async def get(self, key: bytes, *, snapshot: bool = False) -> bytes | None:
        assert not self.finished
        has_writes = self.has_writes
        if has_writes and self.knows(key):
            return self.applied(key, None)
        stored = await self.read_stored(key)
        if not snapshot:
            self.read_keys.append(key)
        return self.applied(key, stored) if has_writes else stored

    async def get_range(
        self,
        begin: bytes,
        end: bytes,
        *,
        limit: int,
        bytes_max: int | None = None,
        reverse: bool = False,
        snapshot: bool = False,
    ) -> list[KeyValue]:
        assert not self.finished
        assert limit > 0, "a range read needs a limit"
        if begin >= end:
            return []
        pairs = await self._merged(begin, end, limit, bytes_max, reverse)
        count = _fitting(pairs, limit, bytes_max)
        if not snapshot:
            self.read_ranges.append(
                (begin, end)
                if count is None
                else (pairs[count - 1][0], end)
                if reverse
                else (begin, after(pairs[count - 1][0]))
            )
        return pairs[:count]

    async def _merged(
        self, begin: bytes, end: bytes, limit: int, bytes_max: int | None, reverse: bool
    ) -> list[KeyValue]:
        """At least as many pairs as `get_range` asks for, if there are."""
        merged: list[KeyValue] = []
        while True:
            page = await self.read_stored_range(begin, end, limit, bytes_max, reverse)
            is_last = _fitting(page, limit, bytes_max) is None
            if not self.has_writes:
                return page
            if reverse:
                edge = begin if is_last else page[-1][0]
                merged += reversed(self.overlay(page, edge, end))
                end = edge
            else:
                edge = end if is_last else after(page[-1][0])
                merged += self.overlay(page, begin, edge)
                begin = edge
            if is_last or _fitting(merged, limit, bytes_max) is not None:
                return merged

    def add_read_conflict(self, *keys: bytes) -> None:
        if self.version is None:
            self.pin()
        self.read_keys += keys

    def add_read_conflict_range(self, begin: bytes, end: bytes) -> None:
        if self.version is None:
            self.pin()
        if begin < end:
            self.read_ranges.append((begin, end))

    async def commit(self) -> int:
        assert not self.finished, "a transaction is used once"
        try:
            if not (self.writes or self.cleared or self.stamped):
                return self.pin()
            self.check_size()
            return await self.commit_writes()
        finally:
            self.cancel()

    def cancel(self) -> None:
        self.finished = True
        self.let_go()


def _fitting(pairs: list[KeyValue], limit: int, bytes_max: int | None) -> int | None:
    """How many pairs one page holds, if `pairs` fill it; None if they do not."""
    if bytes_max is not None:
        sizes = accumulate(len(key) + len(value) for key, value in pairs[:limit])
        for count, size in enumerate(sizes, 1):
            if size >= bytes_max:
                return count
    return limit if len(pairs) >= limit else None
