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
    StoreCommitUnknown,
    StoreConflict,
    StoreError,
    StoreStopped,
    StoreTooOld,
    StoreWriteFailed,
)
from kelpie.ids import Payload
from kelpie.runtime import records
from kelpie.runtime.batch import Batch, Finished
from kelpie.runtime.claim import Claim, Sequence
from kelpie.runtime.message import Stage
from kelpie.runtime.node import Node
from kelpie.store.chunks import clear_value, encode_payload, write_value
from kelpie.store.protocol import Transaction
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
        "_cleared_tick",
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
        self.claim = claim
        self._on_progress = on_progress
        self._open = Batch()
        self._sealed: deque[Batch] = deque()
        self._in_flight: Batch | None = None
        self._running = False
        self._cleared_tick = 0
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
        """Whether the next commit would clear request records that are old enough.

        Raises:
            StoreError
        """
        return bool(await self._expired_records())

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
                await self._commit(batch)
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

    async def _commit(self, batch: Batch) -> None:
        """Returns once the batch is durable.

        Raises:
            Moved: the claim is no longer true; surely not committed, or else
                its turns have been answered.
            CommitFailed, StoreWriteFailed: surely not committed.
            OutcomeUnknown, StoreStopped
        """
        node, claim = self._node, self.claim
        fresh = False
        for _ in range(node.limits.commit_attempts_max):
            begun_ns = node.env.monotonic_ns()
            try:
                cleared = await self._expired_records() if batch.records else []
                transaction = await claim.guarded(fresh=fresh)
                self._write(transaction, batch, cleared)
                version = await transaction.commit()
            except (StoreConflict, StoreTooOld):
                # What we know is compared with what is: it may still be true.
                fresh = True
            except StoreCommitUnknown:
                if await self._took_place(batch):
                    return
                fresh = True
            else:
                claim.committed(version, begun_ns)
                return
        raise CommitFailed(
            f"the turn of {claim.keys.address} met another transaction in each of "
            f"{node.limits.commit_attempts_max} attempts: ask again"
        )

    async def _expired_records(self) -> list[records.Expired]:
        """Old records that may be cleared; also brings the tick up to date."""
        node, sequence = self._node, self.claim.sequence
        if not node.tick.fresh:
            await node.tick.refresh()
        if not sequence.record_count or self._cleared_tick == node.tick.value:
            return []
        rows = await records.expired(
            node.store.transaction(), self.claim.keys, node.tick.value, node.limits
        )
        if not rows:
            # Nothing more can grow old before the tick moves on.
            self._cleared_tick = node.tick.value
        return rows

    def _write(
        self, transaction: Transaction, batch: Batch, cleared: list[records.Expired]
    ) -> None:
        """Puts all that the batch changes into its transaction."""
        claim = self.claim
        keys, before = claim.keys, claim.sequence
        number = before.number + batch.commits
        large = self._write_effects(transaction, batch)
        record_count = before.record_count
        if cleared:
            record_count -= records.clear(transaction, keys, cleared, had_chunks=before.large)
        if batch.records:
            large |= self._write_records(transaction, batch, number)
            record_count += len(batch.records)
        last_request_id = batch.turns[-1].message.envelope.request_id
        claim.write(
            transaction,
            Sequence(number, last_request_id, record_count, before.large or large),
        )

    def _write_effects(self, transaction: Transaction, batch: Batch) -> bool:
        """Whether a value went into chunks."""
        keys, had_chunks = self.claim.keys, self.claim.sequence.large
        large = False

        def put(key: bytes, value: Payload | None) -> None:
            nonlocal large
            if value is None:
                clear_value(transaction, key, had_chunks=had_chunks)
            else:
                body = encode_payload(value)
                large |= write_value(transaction, key, body, had_chunks=had_chunks)

        if batch.state_written:
            put(keys.state, batch.state)
        for kv_key, value in batch.kv.items():
            put(keys.kv_entry(kv_key), value)
        return large

    def _write_records(self, transaction: Transaction, batch: Batch, number: int) -> bool:
        return records.write(
            transaction,
            self.claim.keys,
            batch.records,
            self._node.tick.value,
            number,
            had_chunks=self.claim.sequence.large,
        )

    async def _took_place(self, batch: Batch) -> bool:
        """Whether the attempt whose result is unknown was committed.

        Raises:
            Moved: the ownership has moved meanwhile; the turns are answered.
            OutcomeUnknown: the store could not tell in time.
        """
        node = self._node
        give_up_ns = node.env.monotonic_ns() + node.limits.commit_resolution_ms_max * _NANOSECONDS
        while True:
            try:
                return await self.claim.barrier()
            except Moved:
                await self._answer_from_records(batch)
                raise
            except StoreError as error:
                if isinstance(error, StoreStopped) or node.env.monotonic_ns() > give_up_ns:
                    raise OutcomeUnknown(
                        "the store did not say whether the turn was committed: "
                        "ask again under the same id"
                    ) from error
                await node.env.sleep(node.limits.store_retry_ms)

    async def _answer_from_records(self, batch: Batch) -> None:
        """The ownership moved around an attempt to commit: it may have been in time.

        A recorded request is answered with its record, also when it was the new
        owner who did it, asked again. Without a record it was surely not done,
        unless the record can have been cleared already: such turns are left to
        be answered with `moved`. Nobody can know of the others.
        """
        node, keys = self._node, self.claim.keys
        for finished in batch.turns:
            if not finished.recorded:
                if finished.message.stage is Stage.COMMITTING:
                    finished.message.fail(_unknown(finished))
                continue
            envelope = finished.message.envelope
            transaction = node.store.transaction()
            try:
                tick = await node.tick.read(transaction)
                found = await records.find(
                    transaction, keys, envelope.principal, envelope.request_id
                )
            except StoreError:
                finished.message.fail(_unknown(finished))
                continue
            if found is not None:
                records.answer(found, finished.message)
            elif tick - node.tick.value >= node.limits.request_record_age_ticks_min:
                finished.message.fail(_unknown(finished))

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


def _unknown(finished: Finished) -> OutcomeUnknown:
    request_id = finished.message.envelope.request_id
    return OutcomeUnknown(
        f"whether the request {request_id!r} was done is not known: ask again under the same id"
    )


def _fail_all(batch: Batch, error: KelpieError) -> None:
    for finished in batch.turns:
        if finished.message.stage is not Stage.SETTLED:
            finished.message.fail(error)
