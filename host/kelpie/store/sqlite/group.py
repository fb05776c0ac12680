"""Group commit: the commits of many actors, in one batch, with one fsync."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable

from kelpie.env import ThreadedEnv
from kelpie.errors import StoreError, StoreStopped, StoreWriteFailed
from kelpie.limits import Limits
from kelpie.meters.store import StoreMeter
from kelpie.store.buffer import Buffer
from kelpie.store.sqlite.batch import Batch
from kelpie.store.sqlite.writer import Writer

__all__ = ["GroupCommit"]

# Of the event loop, in which a batch that grows in each is held back.
_PASSES_MAX = 16


class GroupCommit:
    """Fills the next batch while the writer writes one.

    A batch is handed over when the one before is durable and a pass of the
    event loop has brought no further commit: each batch costs the loop a fight
    with the writer's thread over the interpreter, so while more commits come it
    is cheaper to wait for them. Every commit up to the version `settled` is
    durable, or has surely failed.
    """

    def __init__(
        self,
        env: ThreadedEnv,
        limits: Limits,
        connection: sqlite3.Connection,
        settled: int,
        meter: StoreMeter,
        on_settled: Callable[[], object],
        make_way: Callable[[bool], object],
        on_stopped: Callable[[StoreStopped], object],
    ) -> None:
        """`on_settled` is told after each batch. `make_way` is to end what reads from
        the log: what nobody needs, or all."""
        self.settled = settled
        self.is_busy = False
        """Whether commits wait or are being written."""
        self._is_moving_log = False
        self.stopped: StoreStopped | None = None
        self._env = env
        self._limits = limits
        self._meter = meter
        self._on_settled = on_settled
        self._make_way = make_way
        self._on_stopped = on_stopped
        self._filling = Batch()
        self._writing: Batch | None = None
        self._gathered = 0
        self._waiting: deque[Batch] = deque()
        self.queued_bytes = 0
        """Of the commits that wait or are being written."""
        self._drained: list[asyncio.Future[None]] = []
        self._writer = Writer(env, limits, connection, self._written, self._log_moved)

    def check_running(self) -> None:
        """
        Raises:
            StoreStopped
        """
        if self.stopped is not None:
            raise StoreStopped(self.stopped.message) from self.stopped

    def check_room(self, size: int) -> None:
        """
        Raises:
            StoreWriteFailed: `size` more bytes are too much to wait.
        """
        if self.queued_bytes + size > self._limits.store_queue_bytes_max:
            raise StoreWriteFailed("too much waits to be written: nothing of this was stored")

    def add(self, commit: Buffer, version: int) -> asyncio.Future[int]:
        """Adds a commit behind all others; the future has its version, once durable."""
        size = commit.size
        if self._filling.commits and self._filling.size + size > self._limits.store_batch_bytes_max:
            self._waiting.append(self._filling)
            self._filling = Batch()
        waiter: asyncio.Future[int] = self._env.future()
        self._filling.add(commit, version, waiter)
        self.queued_bytes += size
        if not self.is_busy:
            self.is_busy = True
            if not self._is_moving_log:
                self._gather()
        return waiter

    def refuse_after_all(self, error: StoreError) -> asyncio.Future[int]:
        """Fails with `error` once every commit so far was answered; at once if all were."""
        on_their_way = (self._writing, *self._waiting, self._filling)
        unanswered = [each for each in on_their_way if each is not None and each.commits]
        if not unanswered:
            raise error
        waiter: asyncio.Future[int] = self._env.future()
        unanswered[-1].refuse_after(waiter, error)
        return waiter

    async def close(self) -> None:
        """Waits until every commit was answered; from then on all are refused."""
        if self.is_busy and self.stopped is None:
            drained = self._env.future()
            self._drained.append(drained)
            await drained
        if self.stopped is None:
            self.stopped = StoreStopped("the store is closed")
        await self._env.blocking(self._writer.stop)

    def _gather(self) -> None:
        """Hands over a batch once no more commits come."""
        self._gathered = len(self._filling.commits)
        self._env.call_soon(self._gather_more, _PASSES_MAX)

    def _gather_more(self, passes: int) -> None:
        count = len(self._filling.commits)
        if count > self._gathered and passes and not self._waiting:
            self._gathered = count
            self._env.call_soon(self._gather_more, passes - 1)
        else:
            self._write_next()

    def _write_next(self) -> None:
        if self.stopped is not None:
            return
        if not self._waiting and self._filling.commits:
            self._waiting.append(self._filling)
            self._filling = Batch()
        self._writing = self._waiting.popleft()
        self._writing.seal()
        self._writer.write(self._writing)

    def _written(self, error: StoreError | None) -> None:
        """Told by the writer, through the loop."""
        if isinstance(error, StoreStopped):
            self._stop(error)
            return
        batch, self._writing = self._writing, None
        assert batch is not None, "the writer answers once for each batch"
        self.queued_bytes -= batch.size
        self.settled = batch.version
        if error is None:
            self._meter.wrote(len(batch.commits), batch.size, batch.write_ns)
            batch.succeed()
        else:
            self._meter.batch_failures += 1
            batch.fail(error)
        self._on_settled()
        self.is_busy = bool(self._waiting or self._filling.commits)
        if self._writer.log_is_long:
            self._is_moving_log = True
            self._make_way(self._writer.log_was_held_too_long)
            self._writer.move_log()
        else:
            self._go_on()
        if not self.is_busy:
            self._tell_drained()

    def _log_moved(self, error: StoreError | None) -> None:
        """Told by the writer, through the loop."""
        if isinstance(error, StoreStopped):
            self._stop(error)
            return
        self._is_moving_log = False
        # Once more: whoever began to read meanwhile does so from the log.
        self._make_way(self._writer.log_was_held_too_long)
        self._go_on()

    def _go_on(self) -> None:
        if self.is_busy:
            self._gather()

    def _stop(self, error: StoreStopped) -> None:
        """Of all that was not answered yet, nothing will ever be known."""
        self.stopped = error
        self._meter.batch_failures += 1
        for each in (self._writing, *self._waiting, self._filling):
            if each is not None:
                each.fail(error)
        self._waiting.clear()
        self._tell_drained()
        self._on_stopped(error)

    def _tell_drained(self) -> None:
        for waiter in self._drained:
            waiter.set_result(None)
        self._drained.clear()
