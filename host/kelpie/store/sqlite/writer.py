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
"""Told in the loop's thread that the batch is written, or what went wrong. After a
StoreStopped, which can also come between two batches, nothing more is told."""


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
        done: Done,
    ) -> None:
        self._env = env
        self._connection = connection
        self._done = done
        self._log_pages_max = limits.store_log_bytes_max // PAGE_BYTES
        self._log_pages = 0
        self._queue: SimpleQueue[Batch | None] = SimpleQueue()
        self._thread: Thread = env.start_thread(self._run, "kelpie-store-writer")

    def write(self, batch: Batch) -> None:
        """Has the batch written; `done` is told of it."""
        self._queue.put(batch)

    def stop(self) -> None:
        """Ends the thread behind the batches that wait, and closes the file.

        Blocks until then.
        """
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while (batch := self._queue.get()) is not None:
                pages_max = batch.pages_max
                error = self._write(batch)
                # Not held until the next one comes: it may be large.
                del batch
                self._env.from_thread(self._done, error)
                if isinstance(error, StoreStopped) or not self._checkpoint(pages_max):
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

    def _checkpoint(self, pages_max: int) -> bool:
        """Moves the log, by so many pages longer, into the file once it is long
        enough; whether to go on.

        It happens here, between two batches, so that the log is whole when it
        begins and the next batch can begin it anew.
        """
        self._log_pages += pages_max
        if self._log_pages < self._log_pages_max:
            return True
        try:
            _, pages, moved = self._connection.execute(_CHECKPOINT).fetchone()
        except sqlite3.Error as error:
            failure = self._failed(error)
            if isinstance(failure, StoreStopped):
                self._env.from_thread(self._done, failure)
                return False
            pages, moved = 1, 0
        # A reader holds back the rest, or the disk is full: again before long.
        self._log_pages = 0 if pages == moved else self._log_pages_max // 2
        return True
