"""Transactions on SQLite.

This process is the only one on the file, so commits are decided in memory, at
once, in the loop's thread: each gets a version and joins the next batch. It is
answered when that batch is durable, and only then can a new transaction see it.

A transaction reads from a snapshot of the file, taken when it first reads. If
it was begun with an older read version, what was written since is known: a key
that has changed since then fails with StoreTooOld, any other still has the
value of that version.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

from kelpie.env import ThreadedEnv
from kelpie.errors import StoreConflict, StoreStopped, StoreTooOld
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.meters.store import StoreMeter
from kelpie.store.conflicts import Conflicts
from kelpie.store.protocol import KeyValue
from kelpie.store.sqlite.directory import DataDirectory
from kelpie.store.sqlite.group import GroupCommit
from kelpie.store.sqlite.schema import connect_writer, failed_read, read_version
from kelpie.store.sqlite.snapshots import Snapshot, Snapshots
from kelpie.store.transaction import BufferedTransaction
from kelpie.store.versions import Versions

__all__ = ["SqliteStore", "SqliteTransaction", "open_store"]


async def open_store(
    env: ThreadedEnv,
    path: Path,
    on_stopped: Callable[[StoreStopped], object],
    limits: Limits = DEFAULT_LIMITS,
) -> SqliteStore:
    """Opens the store in the data directory `path`; makes it if it is not there.

    `on_stopped` is told, once, if the store stops by itself.

    Raises:
        DataDirectoryLocked, StoreFormatUnsupported, StoreReadFailed
        OSError: the directory cannot be made or opened.
    """
    directory = DataDirectory(path)
    try:
        connection, newest = await env.blocking(_connect, path)
    except BaseException:
        directory.close()
        raise
    return SqliteStore(env, limits, directory, connection, newest, on_stopped)


def _connect(path: Path) -> tuple[sqlite3.Connection, int]:
    """The writer's connection, and the version of the last commit."""
    connection = connect_writer(path)
    try:
        return connection, read_version(connection)
    except sqlite3.Error as error:
        connection.close()
        raise failed_read(error) from error


class SqliteStore:
    """A `Store` in one file. Made by `open_store`."""

    def __init__(
        self,
        env: ThreadedEnv,
        limits: Limits,
        directory: DataDirectory,
        connection: sqlite3.Connection,
        newest: int,
        on_stopped: Callable[[StoreStopped], object],
    ) -> None:
        self._env = env
        self._directory = directory
        self.meter = StoreMeter()
        self._closing: asyncio.Task[None] | None = None
        self._versions = Versions(env, limits, newest)
        self._conflicts = Conflicts(limits.store_recent_write_bytes_max, newest)
        self._snapshots = Snapshots(directory.path, limits)
        self._group = GroupCommit(
            env,
            limits,
            connection,
            newest,
            self.meter,
            self._settled,
            self._snapshots.make_way,
            on_stopped,
        )

    def transaction(self, read_version: int | None = None) -> SqliteTransaction:
        return SqliteTransaction(self, read_version)

    @property
    def queued_bytes(self) -> int:
        return self._group.queued_bytes

    async def close(self) -> None:
        """Waits for commits in flight, then lets go of everything. Idempotent."""
        if self._closing is None:
            self._closing = self._env.spawn(self._close(), "store-close")
        await asyncio.shield(self._closing)

    # What follows is for transactions.

    def read_version(self) -> int:
        """The version that a transaction sees that begins now."""
        return self._group.settled if self._group.is_busy else self._versions.for_read()

    def take_snapshot(self) -> Snapshot:
        """A snapshot with every commit that was answered.

        Raises:
            StoreReadFailed, StoreStopped
        """
        self._group.check_running()
        return self._snapshots.take(self._group.settled, self.read_version())

    def give_back(self, snapshot: Snapshot) -> None:
        self._snapshots.give_back(snapshot)

    def check_unchanged(self, begin: bytes, end: bytes | None, version: int) -> None:
        """Whether a key, or a range, is in the newest snapshot as it was at `version`.

        Raises:
            StoreTooOld: it is not, or that cannot be told any more.
        """
        self._check_age(version)
        conflicts = self._conflicts
        if (
            conflicts.changed(begin, version)
            if end is None
            else conflicts.changed_in(begin, end, version)
        ):
            raise StoreTooOld("what is read has changed since the transaction's read version")

    def submit(self, transaction: SqliteTransaction, version: int) -> asyncio.Future[int]:
        """Decides the commit of a transaction with read version `version`.

        Raises:
            StoreConflict, StoreTooOld, StoreWriteFailed, StoreStopped: decided
                against, so nothing of it happens. The first two may come by the
                future: by then, whoever begins sees what it met, and has a newer
                version.
        """
        self._group.check_running()
        try:
            self._check_age(version)
        except StoreTooOld as too_old:
            # The disk may stand still for longer than a version lasts, and until
            # then whoever begins gets this version again.
            return self._group.refuse_after_all(too_old)
        conflicts = self._conflicts
        if conflicts.met_by(version, transaction.read_keys, transaction.read_ranges):
            # What it met is seen only once it is durable: told before, whoever
            # tries again would meet the same commit again and again.
            return self._group.refuse_after_all(
                StoreConflict("another transaction has written what this one read")
            )
        self._group.check_room(transaction.size)
        if not self._group.is_busy:
            # The versions since the last commit are as durable as that one. Were
            # the store said to have stood still, whoever begins beside this
            # commit would get a version that may be too old already.
            self._group.settled = self._versions.for_read()
        committed = self._versions.for_commit()
        keys = list(transaction.writes)
        if transaction.stamped:
            keys += [key for key, _ in transaction.stamped_writes(committed)]
        conflicts.record(committed, keys, transaction.cleared)
        return self._group.add(transaction, committed)

    def _check_age(self, version: int) -> None:
        versions = self._versions
        now = versions.for_read()
        assert version <= now, "a version of the future"
        if version < versions.oldest() or version < self._conflicts.oldest:
            raise StoreTooOld("the transaction's read version is too old")

    def _settled(self) -> None:
        """A batch is through."""
        self._conflicts.forget(self._versions.oldest())
        self._snapshots.end_before(self._conflicts.oldest)

    async def _close(self) -> None:
        await self._group.close()
        self._snapshots.close()
        self._directory.close()


class SqliteTransaction(BufferedTransaction):
    """A `Transaction` on SQLite. Its reads never suspend."""

    __slots__ = ("_snapshot", "_store")

    def __init__(self, store: SqliteStore, version: int | None) -> None:
        super().__init__(version)
        self._store = store
        self._snapshot: Snapshot | None = None

    def pin(self) -> int:
        if self.version is None:
            self.version = self._store.read_version()
        return self.version

    async def read_version(self) -> int:
        assert not self.finished
        self._take()
        return self.pin()

    async def read_stored(self, key: bytes) -> bytes | None:
        return self._ready(key, None).get(key)

    async def read_stored_range(
        self, begin: bytes, end: bytes, limit: int, bytes_max: int | None, reverse: bool
    ) -> list[KeyValue]:
        return self._ready(begin, end).get_range(begin, end, limit, bytes_max, reverse)

    def commit_writes(self) -> asyncio.Future[int]:
        version = self.version
        committed = self._store.submit(self, self.pin() if version is None else version)
        # It is decided, and nothing more is read. The snapshot held until the
        # answer, one or another would hold back the log at any time.
        self.let_go()
        return committed

    def let_go(self) -> None:
        if self._snapshot is not None:
            self._store.give_back(self._snapshot)
            self._snapshot = None

    def _take(self) -> Snapshot:
        """The snapshot of this transaction, taken if it has none."""
        if self._snapshot is None:
            self._snapshot = self._store.take_snapshot()
            if self.version is None:
                # The writer may be ahead of what this thread was told.
                self.version = max(self.pin(), self._snapshot.version)
        return self._snapshot

    def _ready(self, begin: bytes, end: bytes | None) -> Snapshot:
        """The snapshot, once it is sure to have what a key or range was at our version."""
        snapshot = self._snapshot or self._take()
        version = self.version
        assert version is not None, "it was pinned when the snapshot was taken"
        if snapshot.version > version:
            self._store.check_unchanged(begin, end, version)
        return snapshot
