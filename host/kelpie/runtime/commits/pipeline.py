"""The way out of an activation: finished turns are committed in order, and no
answer leaves before everything that it saw is durable and still ours.

One transaction is in flight at a time. Turns that finish meanwhile gather in
the open batch and go together in the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator

from kelpie.errors import (
    CommitFailed,
    KelpieError,
    Moved,
    OutcomeUnknown,
    StoreError,
)
from kelpie.runtime.commits.actor_journal import ActorJournal
from kelpie.runtime.commits.batch import Batch, Finished
from kelpie.runtime.commits.broken import (
    commit_error,
    error_of_void_turns,
    fail_all,
    let_go,
    unknown,
)
from kelpie.runtime.commits.claim import Claim
from kelpie.runtime.commits.commit import Committer
from kelpie.runtime.durable.steps import steps_bytes_max
from kelpie.runtime.node import Node
from kelpie.runtime.requests.message import Stage
from kelpie.store.reading import reading

__all__ = ["Pipeline"]


class Pipeline:
    """Commits the turns of one activation, and releases their answers.

    When a commit fails, its turns and all later ones are void: they have seen
    what is not so. Then `broken` says why, everything is answered with an
    error, and the activation must end.
    """

    __slots__ = (
        "_committer",
        "_in_flight",
        "_node",
        "_on_progress",
        "_open",
        "_running",
        "_sealed",
        "broken",
        "claim",
        "journal",
        "meter",
        "next_turn_number",
    )

    def __init__(self, node: Node, claim: Claim, on_progress: Callable[[], None]) -> None:
        self._node = node
        self.journal = ActorJournal(node, claim)
        self._committer = Committer(node, claim, self.journal)
        self.claim = claim
        address = claim.keys.address
        self.meter = node.meters.of(address.namespace, address.kind)
        self._on_progress = on_progress
        self._open = Batch()
        self._sealed: Batch | None = None
        """Full, and next in line. While there is one no turn is run, so there
        never is another."""
        self._in_flight: Batch | None = None
        self._running = False
        self.next_turn_number = claim.sequence.number + 1
        """Of the next turn that commits something."""
        self.broken: KelpieError | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way: no turn waits, and no commit is in flight."""
        return not self._running and self._open.empty

    @property
    def congested(self) -> bool:
        """Whether turns finish faster than they commit: run no more for now."""
        return self._sealed is not None

    def layers(self) -> Iterator[Batch]:
        """The batches not yet known to be durable, newest first.

        They stay as they are while one turn runs: whoever read the store while
        holding them has missed nothing that was committed meanwhile.
        """
        yield self._open
        if self._sealed is not None:
            yield self._sealed
        if self._in_flight is not None:
            yield self._in_flight

    @property
    def record_count(self) -> int:
        """Request records that are kept or are on their way to be."""
        count = self.claim.sequence.record_count + len(self._open.records)
        if self._sealed is not None:
            count += len(self._sealed.records)
        if self._in_flight is not None:
            count += len(self._in_flight.records)
        return count

    async def can_clear_records(self, count: int) -> bool:
        """Whether the next commit clears as many old records, if one is added to it.

        Raises:
            StoreError
        """
        return count <= await self._committer.clearable(len(self._open.records) + 1)

    def add(self, finished: Finished) -> None:
        """A turn has run. Its answer leaves once it, and all before it, are durable."""
        assert self.broken is None
        if not self._open.has_room_for(finished, self._node.limits):
            self._seal()
        self._open.add(finished)
        finished.message.stage = Stage.COMMITTING if finished.commits else Stage.CHECKING
        self.next_turn_number += finished.commits

    def _seal(self) -> None:
        assert self._sealed is None, "a turn was run while the pipeline was congested"
        self._sealed, self._open = self._open, Batch()

    async def step(self, count: int, rows: dict[bytes, bytes]) -> None:
        """Makes one more step of the durable turn that runs durable: it has `count`
        of them then. Whoever is cancelled here does not stop that.

        Raises:
            KelpieError: what the turn has seen is void, or may be.
        """
        if self.broken is not None:
            raise self.broken
        done: asyncio.Future[KelpieError | None] = self._node.env.future()
        size = self._open.bytes + steps_bytes_max(rows)
        if self._open.bytes and size > self._node.limits.commit_bytes_max:
            self._seal()
        self._open.add_step(count, rows, done)
        if self.due:
            self.start()
        error = await done
        if error is not None:
            raise error

    async def departure(self) -> None:
        """Waits until what a turn asks of others, in the middle of it, may leave
        the host: as an answer would that commits nothing.

        Raises:
            StoreError: it could not be checked; if the pipeline is not broken, the
                turn may try again.
            KelpieError: what the turn has seen is void.
        """
        if self.broken is not None:
            raise self.broken
        if self.idle:
            # As mostly: no task is needed for what nobody else waits for.
            await self._check_for_departure()
            return
        departure: asyncio.Future[KelpieError | None] = self._node.env.future()
        self._open.add_departure(departure)
        if self.due:
            self.start()
        error = await departure
        if error is not None:
            raise error

    async def _check_for_departure(self) -> None:
        try:
            await self._check_ownership()
        except Moved as error:
            self._break(error)
            raise

    @property
    def due(self) -> bool:
        """Whether somebody has to `start` it, or to `run` it, for turns that were added."""
        return not self._running and not self._open.empty

    def start(self) -> None:
        """Runs it in a task of its own. Only when it is due."""
        self._node.env.spawn(self.run(), "pipeline")

    def run(self) -> Coroutine[None, None, None]:
        """Commits what was added, and what is added meanwhile. Only when it is due."""
        assert not self._running
        self._running = True
        return self._run()

    async def _run(self) -> None:
        try:
            while self.broken is None and (batch := self._next()) is not None:
                self._in_flight = batch
                await self._settle(batch)
                self._in_flight = None
                self._on_progress()
        except BaseException:
            # A bug of ours, or the node is being torn down: nobody is left waiting.
            if self.broken is None:
                self._break(unknown("the host failed while the turn was committed"))
            raise
        finally:
            self._running = False
            self._in_flight = None
            self._on_progress()

    def _next(self) -> Batch | None:
        if self._sealed is not None:
            batch, self._sealed = self._sealed, None
            return batch
        if self._open.empty:
            return None
        batch, self._open = self._open, Batch()
        return batch

    async def _settle(self, batch: Batch) -> None:
        """Commits a batch, or checks that we may answer, and releases its answers."""
        self.journal.take(batch)
        try:
            if batch.writes_anything:
                await self._committer.commit(batch)
                self._node.meters.committed(self.meter, batch.commits)
            else:
                await self._check_ownership()
        except Moved as error:
            self._break(error)
        except StoreError as error:
            if batch.writes_anything:
                self._break(commit_error(error))
            else:
                # Nothing was at stake but these answers: the activation lives on.
                fail_all(batch, error, error)
        except (CommitFailed, OutcomeUnknown) as error:
            self._break(error)
        else:
            if self.journal.waits or batch.journal:
                await self.journal.settle(self.claim, batch)
            for finished in batch.turns:
                finished.release()
            let_go(batch, None)
        finally:
            if batch.writes:
                # Whatever came of it: it may have landed, or still will.
                self._node.wrote(self.claim.keys.address, batch.writes)
            if batch.leaves_kv:
                self._node.left_kv()

    async def _check_ownership(self) -> None:
        """Begun after the turns it speaks for have ended.

        Raises:
            Moved, StoreError
        """
        with reading(self._node.store) as transaction:
            await self.claim.check_may_answer(transaction)

    def _break(self, error: KelpieError) -> None:
        """The batch in flight ends with `error`, and all later turns are void."""
        assert self.broken is None
        self.broken = void = error_of_void_turns(error)
        in_flight, sealed, later = self._in_flight, self._sealed, self._open
        self._in_flight = self._sealed = None
        self._open = Batch()
        for batch in (in_flight, sealed, later):
            if batch is not None:
                fail_all(batch, error if batch is in_flight else void, void)
