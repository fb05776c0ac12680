"""The thread that writes. It has the only connection that does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from queue import SimpleQueue

from kelpie.env import Thread, ThreadedEnv
from kelpie.errors import StoreError, StoreFull, StoreStopped, StoreWriteFailed
from kelpie.limits import Limits
from kelpie.store.sqlite.batch import Batch
from kelpie.store.sqlite.schema import PAGE_BYTES

__all__ = ["Writer"]

_CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"

Done = Callable[[StoreError | None], object]
"""Told in the loop's thread that it is done, or what went wrong. After a
StoreStopped nothing more is told."""


class _MoveLog:
    """Work for the writer: to move the log into the file."""


class Writer:
    """Writes batches one after the other, each with one fsync.

    After an error that leaves in doubt what is on the disk it writes nothing
    more: an fsync that failed must not be tried again, for the kernel forgets
    what it could not write and the second one would succeed.
    """

    def __init__(
        self,
        env: ThreadedEnv,
        limits: Limits,
        connection: sqlite3.Connection,
        written: Done,
        moved: Done,
    ) -> None:
        """`written` is told of each batch, and `moved` of each time that the log was moved."""
        self._env = env
        self._connection = connection
        self._written = written
        self._moved = moved
        self._queue: SimpleQueue[Batch | _MoveLog | None] = SimpleQueue()
        # What follows belongs to the loop's thread. Both are at most what they say.
        self._log_pages_max = limits.store_log_bytes_max // PAGE_BYTES
        self._held_pages_max = limits.store_log_held_bytes_max // PAGE_BYTES
        self._unmoved_pages = 0
        self._log_pages = 0
        self._thread: Thread = env.start_thread(self._run, "kelpie-store-writer")

    def write(self, batch: Batch) -> None:
        """Has the batch written."""
        self._unmoved_pages += batch.pages_max
        self._log_pages += batch.pages_max
        self._queue.put(batch)

    @property
    def log_is_long(self) -> bool:
        """Whether the log is to be moved into the file."""
        return self._unmoved_pages >= self._log_pages_max

    @property
    def log_was_held_too_long(self) -> bool:
        """Whether readers have kept the log from being begun anew until it was as
        long as it may be."""
        return self._log_pages >= self._held_pages_max

    def move_log(self) -> None:
        """Has the log moved into the file, behind the batches that wait.

        The next batch begins it anew if all of it was moved, and if no reader
        reads from it then: one that begins after the move reads the file alone.
        """
        self._queue.put(_MoveLog())

    def stop(self) -> None:
        """Ends the thread behind the batches that wait, and closes the file.

        Blocks until then.
        """
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while (work := self._queue.get()) is not None:
                if isinstance(work, Batch):
                    error = self._write(work)
                    tell = self._written
                else:
                    error = self._move()
                    tell = self._moved
                # Not held until the next one comes: it may be large.
                del work
                self._env.from_thread(tell, error)
                if isinstance(error, StoreStopped):
                    return
        finally:
            self._connection.close()

    def _write(self, batch: Batch) -> StoreError | None:
        begun_ns = self._env.monotonic_ns()
        try:
            batch.write(self._connection)
        except sqlite3.Error as error:
            return self._failed(error)
        batch.write_ns = self._env.monotonic_ns() - begun_ns
        return None

    def _failed(self, error: sqlite3.Error) -> StoreError:
        """What a failed write means."""
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_FULL:
            return StoreFull("the disk is full: nothing of this was stored; make room")
        if code is not None and code & 0xFF == sqlite3.SQLITE_BUSY:
            return StoreWriteFailed(
                "another program has locked the file: nothing of this was stored"
            )
        stopped = StoreStopped(
            f"writing failed ({error}): what is on the disk is in doubt, so the store has "
            "stopped; mend the disk and start again"
        )
        stopped.__cause__ = error
        return stopped

    def _move(self) -> StoreError | None:
        try:
            _, pages, moved = self._connection.execute(_CHECKPOINT).fetchone()
        except sqlite3.Error as error:
            failure = self._failed(error)
            if isinstance(failure, StoreStopped):
                return failure
            pages, moved = None, 0
        self._env.from_thread(self._was_moved, pages, moved)
        return None

    def _was_moved(self, pages: int | None, moved: int) -> None:
        """So many pages of the log, of so many, are in the file."""
        if pages is not None:
            self._log_pages = pages
        # A reader holds back the rest, or the disk is full: again before long.
        self._unmoved_pages = 0 if pages == moved else self._log_pages_max // 2
