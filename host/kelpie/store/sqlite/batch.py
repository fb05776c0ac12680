"""Many commits made into one, in order."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable

from kelpie.errors import StoreError
from kelpie.store.buffer import Buffer, added
from kelpie.store.sqlite.schema import PAGE_BYTES, VERSION_KEY

__all__ = ["Batch"]

_Statement = tuple[bytes, str, str, str]


class Batch:
    """Commits that are written, and become durable, together."""

    __slots__ = ("_merged", "_refused", "_statement", "commits", "size", "version", "write_ns")

    def __init__(self) -> None:
        self._merged = Buffer()
        self._statement: _Statement | None = None
        self.commits: list[tuple[asyncio.Future[int], int]] = []
        """Who waits, and for which version."""
        self._refused: list[tuple[asyncio.Future[int], StoreError]] = []
        self.version = 0
        """Of the last commit."""
        self.size = 0
        self.write_ns = 0
        """How long it took to become durable, by the writer's clock."""

    def add(self, commit: Buffer, version: int, waiter: asyncio.Future[int]) -> None:
        """Adds a commit behind those that are there."""
        merged = self._merged
        if commit.cleared or commit.stamped or commit.has_additions:
            self._add_in_order(commit, version)
        else:
            merged.writes.update(commit.writes)
        self.version = version
        self.size += commit.size
        self.commits.append((waiter, version))

    def refuse_after(self, waiter: asyncio.Future[int], error: StoreError) -> None:
        """Fails `waiter` with `error` once everyone here was told."""
        self._refused.append((waiter, error))

    def _add_in_order(self, commit: Buffer, version: int) -> None:
        merged = self._merged
        for begin, end in commit.cleared:
            merged.clear_range(begin, end)
        for key, write in commit.writes.items():
            if isinstance(write, int):
                merged.add(key, write)
            else:
                merged.writes[key] = write
        merged.writes.update(commit.stamped_writes(version))

    def succeed(self) -> None:
        """Tells everyone who waits the version."""
        for waiter, version in self.commits:
            if not waiter.done():
                waiter.set_result(version)
        self._tell_refused()

    def fail(self, error: StoreError) -> None:
        """Tells everyone who waits."""
        for waiter, _ in self.commits:
            if not waiter.done():
                failure = type(error)(error.message)
                failure.__cause__ = error
                waiter.set_exception(failure)
        self._tell_refused()

    def _tell_refused(self) -> None:
        for waiter, error in self._refused:
            if not waiter.done():
                waiter.set_exception(error)

    @property
    def pages_max(self) -> int:
        """About how many pages of the file it changes, at most."""
        return len(self._merged.writes) + self.size // PAGE_BYTES + 2

    def seal(self) -> None:
        """Ends it: nothing is added from now on. What can be made ready is made
        here, for the writer's thread has to fight for each moment in Python."""
        self._merged.writes[VERSION_KEY] = self.version.to_bytes(8, "big")
        if not self._merged.has_additions:
            self._statement = self._make_statement()

    def write(self, connection: sqlite3.Connection) -> None:
        """Writes it all in one SQLite transaction, which is durable when this returns.

        For the writer's thread, once it is sealed.
        """
        statement, self._statement = self._statement, None
        if statement is None:
            self._resolve_additions(connection)
            statement = self._make_statement()
        connection.execute("INSERT INTO batches VALUES (?, ?, ?, ?)", statement)

    def _resolve_additions(self, connection: sqlite3.Connection) -> None:
        writes = self._merged.writes
        for key, write in writes.items():
            if isinstance(write, int):
                row = connection.execute("SELECT value FROM pairs WHERE key = ?", (key,)).fetchone()
                writes[key] = added(row[0] if row else None, write)

    def _make_statement(self) -> _Statement:
        """The parameters of the statement; `schema` says how it reads them."""
        parts: list[bytes] = []
        sets: list[int] = []
        clears: list[int] = []
        at = 0
        for key, write in self._merged.writes.items():
            assert not isinstance(write, int), "additions were resolved"
            parts.append(key)
            size = len(key)
            if write is None:
                clears.append(at << 31 | size << 17)
            else:
                parts.append(write)
                sets.append(at << 31 | size << 17 | len(write))
                size += len(write)
            at += size
        ranges = _packed(parts, at, self._merged.cleared)
        return b"".join(parts), _json(ranges), _json(clears), _json(sets)


def _packed(parts: list[bytes], at: int, pairs: Iterable[tuple[bytes, bytes]]) -> list[int]:
    items: list[int] = []
    for first, second in pairs:
        parts += (first, second)
        items.append(at << 31 | len(first) << 17 | len(second))
        at += len(first) + len(second)
    return items


def _json(items: list[int]) -> str:
    return str(items)  # a list of numbers looks the same in both languages
