"""Consistent reads of the file while it is being written.

A snapshot is a connection inside a read transaction: it sees the file as it was
at one commit, whatever is written meanwhile. All transactions that begin
between two commits share one. A snapshot that is held keeps the log from being
begun anew, so their number and age are bounded, and all end once the log is as
long as it may be.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kelpie.errors import StoredValueCorrupt, StoreTooOld
from kelpie.limits import Limits
from kelpie.store.protocol import KeyValue
from kelpie.store.sqlite.schema import connect_reader, failed_read, read_version
from kelpie.store.tuples import readable

__all__ = ["Snapshot", "Snapshots"]

_GET = "SELECT value FROM pairs WHERE key = ?"
_RANGE = "SELECT key, value FROM pairs WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
# A larger one is one actor's own: nobody else asks for it.
_KNOWN_BYTES_MAX = 256
_RANGE_REVERSE = "SELECT key, value FROM pairs WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?"


class Snapshot:
    """The file as of `version`, for `users` transactions.

    `taken` is the read version of a transaction that would have begun when it
    was last taken: it tells the age.
    """

    __slots__ = ("_connection", "_known", "_known_max", "taken", "users", "version")

    def __init__(self, connection: sqlite3.Connection, settled: int, known_max: int) -> None:
        try:
            connection.execute("BEGIN")
            self.version = max(settled, read_version(connection))
        except sqlite3.Error as error:
            connection.close()
            raise failed_read(error) from error
        self._connection: sqlite3.Connection | None = connection
        self._known: dict[bytes, bytes | None] = {}
        """What was read of it: whoever begins beside others reads some of the same keys."""
        self._known_max = known_max
        self.taken = 0
        self.users = 0

    def get(self, key: bytes) -> bytes | None:
        """What is stored under `key`.

        Raises:
            StoreTooOld: the snapshot was ended to bound their age, their number, or the log.
            StoreReadFailed
        """
        connection, known = self._open(), self._known
        if key in known:
            return known[key]
        try:
            row = connection.execute(_GET, (key,)).fetchone()
        except sqlite3.Error as error:
            raise failed_read(error) from error
        value = None if row is None else _checked(key, row[0])
        if len(known) < self._known_max and (value is None or len(value) <= _KNOWN_BYTES_MAX):
            known[key] = value
        return value

    def get_range(
        self, begin: bytes, end: bytes, limit: int, bytes_max: int | None, reverse: bool
    ) -> list[KeyValue]:
        """Pairs of the range, cut short as `Transaction.get_range` says.

        Raises: as `get`.
        """
        sql = _RANGE_REVERSE if reverse else _RANGE
        try:
            rows = self._open().execute(sql, (begin, end, limit))
            pairs = rows.fetchall() if bytes_max is None else _take(rows, bytes_max)
        except sqlite3.Error as error:
            raise failed_read(error) from error
        for key, value in pairs:
            _checked(key, value)
        return pairs

    def end(self) -> sqlite3.Connection | None:
        """Ends it; the connection, for another one, if it is still good."""
        connection = self._open()
        self._connection = None
        try:
            connection.execute("COMMIT")
        except sqlite3.Error:
            # It was told to whoever read, and nothing was written.
            connection.close()
            return None
        return connection

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreTooOld("the transaction has read for too long, or beside too many others")
        return self._connection


class Snapshots:
    """The snapshots that transactions hold, and connections for more."""

    def __init__(self, directory: Path, limits: Limits) -> None:
        self._directory = directory
        self._count_max = limits.store_snapshots_max
        self._known_max = limits.store_snapshot_values_max
        self._idle: list[sqlite3.Connection] = []
        self._held: list[Snapshot] = []
        """Oldest first. The last one may have no users: it is kept for the next."""

    def take(self, settled: int, now: int) -> Snapshot:
        """A snapshot with every commit up to `settled`, for one more user, who
        could have begun at version `now`.

        Raises:
            StoreReadFailed
        """
        newest = self._held[-1] if self._held else None
        if newest is None or newest.version < settled:
            if newest is not None and not newest.users:
                self._end(newest)
            elif len(self._held) >= self._count_max:
                self._end(self._held[0])
            connection = self._idle.pop() if self._idle else connect_reader(self._directory)
            newest = Snapshot(connection, settled, self._known_max)
            self._held.append(newest)
        newest.users += 1
        newest.taken = now
        return newest

    def give_back(self, snapshot: Snapshot) -> None:
        """One user less."""
        snapshot.users -= 1
        if not snapshot.users and snapshot in self._held and snapshot is not self._held[-1]:
            self._end(snapshot)

    def end_before(self, version: int) -> None:
        """After a commit: ends those last taken before `version`, and the one
        that was kept for the next transaction if nobody uses it.
        """
        held = self._held
        while held and (held[0].taken < version or not held[0].users):
            self._end(held[0])

    def make_way(self, of_all: bool) -> None:
        """Lets the log be moved: ends the one that is kept for the next
        transaction, or all."""
        for snapshot in self._held.copy():
            if of_all or not snapshot.users:
                self._end(snapshot)

    def close(self) -> None:
        while self._held:
            self._end(self._held[0])
        while self._idle:
            self._idle.pop().close()

    def _end(self, snapshot: Snapshot) -> None:
        self._held.remove(snapshot)
        connection = snapshot.end()
        if connection is not None:
            self._idle.append(connection)


def _take(rows: sqlite3.Cursor, bytes_max: int) -> list[KeyValue]:
    pairs: list[KeyValue] = []
    for key, value in rows:
        pairs.append((key, value))
        bytes_max -= len(key) + len(value)
        if bytes_max <= 0:
            break
    rows.close()
    return pairs


def _checked(key: object, value: object) -> bytes:
    """A pair is two blobs; on a damaged page it may be anything."""
    if isinstance(key, bytes) and isinstance(value, bytes):
        return value
    name = readable(key) if isinstance(key, bytes) else repr(key)
    raise StoredValueCorrupt(f"the value of {name} is damaged: restore it from a backup", key=name)
