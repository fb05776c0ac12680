"""The way out of an activation: finished turns are committed in order, and no
answer leaves before everything that it saw is durable and still ours.

One transaction is in flight at a time. Turns that finish meanwhile gather in
the open batch and go together in the next one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from kelpie.errors import (
    CommitFailed,
    HostFault,
    KelpieError,
    Moved,
    OutcomeUnknown,
    StoreError,
    StoreStopped,
    StoreWriteFailed,
)
from kelpie.runtime.batch import Batch, Finished
from kelpie.runtime.claim import Claim
from kelpie.runtime.commit import Committer
from kelpie.runtime.message import Stage
from kelpie.runtime.node import Node
from kelpie.wasm.turn import Effects

__all__ = ["Pipeline"]

_NANOSECONDS = 1_000_000


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
        "_turn_number",
        "broken",
        "claim",
    )

    def __init__(self, node: Node, claim: Claim, on_progress: Callable[[], None]) -> None:
        self._node = node
        self._committer = Committer(node, claim)
        self.claim = claim
        self._on_progress = on_progress
        self._open = Batch()
        self._sealed: deque[Batch] = deque()
        self._in_flight: Batch | None = None
        self._running = False
        self._turn_number = claim.sequence.number
        self.broken: KelpieError | None = None

    @property
    def idle(self) -> bool:
        return not self._running

    @property
    def congested(self) -> bool:
        """Whether turns finish faster than they commit: run no more for now."""
        return bool(self._sealed)

    def layers(self) -> Iterator[Batch]:
        """The batches not yet known to be durable, newest first.

        They stay as they are while one turn runs: whoever read the store while
        holding them has missed nothing that was committed meanwhile.
        """
        yield self._open
        yield from reversed(self._sealed)
        if self._in_flight is not None:
            yield self._in_flight

    @property
    def next_turn_number(self) -> int:
        """The number of the next turn that commits something."""
        return self._turn_number + 1

    @property
    def record_count(self) -> int:
        """Request records that are kept or are on their way to be."""
        return self.claim.sequence.record_count + sum(len(b.records) for b in self.layers())

    async def can_clear_records(self) -> bool:
        """See `Committer.can_clear_records`."""
        return await self._committer.can_clear_records()

    def add(self, finished: Finished, effects: Effects | None) -> None:
        """A turn has run. Its answer leaves once it, and all before it, are durable."""
        assert self.broken is None
        commits = self._open.add(finished, effects)
        finished.message.stage = Stage.COMMITTING if commits else Stage.CHECKING
        self._turn_number += commits
        if self._open.full(self._node.limits):
            self._sealed.append(self._open)
            self._open = Batch()
        if not self._running:
            self._running = True
            self._node.env.spawn(self._run(), "pipeline")

    async def _run(self) -> None:
        try:
            while self.broken is None and (batch := self._next()) is not None:
                self._in_flight = batch
                await self._settle(batch)
                self._in_flight = None
                self._on_progress()
        except BaseException:
            # A bug of ours, or the node is being torn down: nobody is left waiting.
            self._break(HostFault("the host failed to commit the turn: see its log"))
            raise
        finally:
            self._running = False
            self._in_flight = None
            self._on_progress()

    def _next(self) -> Batch | None:
        if self._sealed:
            return self._sealed.popleft()
        batch = self._open
        if not batch.turns:
            return None
        self._open = Batch()
        return batch

    async def _settle(self, batch: Batch) -> None:
        """Commits a batch, or checks that we may answer, and releases its answers."""
        try:
            if batch.commits:
                await self._committer.commit(batch)
            else:
                await self._check_ownership()
        except Moved as error:
            self._break(error)
        except StoreError as error:
            if batch.commits:
                self._break(_commit_error(error))
            else:
                # Nothing was at stake but these answers: the activation lives on.
                _fail_all(batch, error)
        except (CommitFailed, OutcomeUnknown) as error:
            self._break(error)
        else:
            for finished in batch.turns:
                finished.release()

    async def _check_ownership(self) -> None:
        """Begun after the turns it speaks for have ended.

        Raises:
            Moved, StoreError
        """
        transaction = self._node.store.transaction()
        await self.claim.check_owner(transaction)
        transaction.cancel()

    def _break(self, error: KelpieError) -> None:
        """Nothing that has not been answered will be: it is all void."""
        if self.broken is None:
            self.broken = error
        batches = list(self.layers())
        self._in_flight = None
        self._sealed.clear()
        self._open = Batch()
        for batch in reversed(batches):
            _fail_all(batch, error)


def _commit_error(error: StoreError) -> KelpieError:
    """What a store's error in a commit means to those who asked for the turn."""
    if isinstance(error, StoreStopped):
        return OutcomeUnknown("the store stopped while the turn was committed")
    if isinstance(error, StoreWriteFailed):
        return error
    return CommitFailed(f"the turn could not be committed: {error.message}")


def _fail_all(batch: Batch, error: KelpieError) -> None:
    for finished in batch.turns:
        if finished.message.stage is not Stage.SETTLED:
            finished.message.fail(error)
