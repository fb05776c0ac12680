"""One batch on its way into the store: attempts, doubts, and how they are settled."""

from __future__ import annotations

from kelpie.errors import (
    CommitFailed,
    Moved,
    OutcomeUnknown,
    StoreCommitUnknown,
    StoreConflict,
    StoreError,
    StoreStopped,
    StoreTooOld,
)
from kelpie.ids import Payload
from kelpie.runtime.commits import records
from kelpie.runtime.commits.actor_journal import ActorJournal
from kelpie.runtime.commits.batch import Batch, Finished
from kelpie.runtime.commits.claim import Claim
from kelpie.runtime.commits.left_kv import is_much, leave
from kelpie.runtime.commits.ownership import Sequence
from kelpie.runtime.durable.steps import write_steps
from kelpie.runtime.node import Node
from kelpie.runtime.requests.message import Stage
from kelpie.store.chunks import clear_value, encode_payload, write_value
from kelpie.store.kv_keys import KvKeys
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading

__all__ = ["Committer"]

_NS_PER_MS = 1_000_000


class Committer:
    """Commits batches under one claim, one at a time, each whole or not at all."""

    __slots__ = ("_claim", "_cleared_tick", "_journal", "_node", "_tick_written")

    def __init__(self, node: Node, claim: Claim, journal: ActorJournal) -> None:
        self._node = node
        self._claim = claim
        self._journal = journal
        self._cleared_tick = 0
        self._tick_written = 0

    async def commit(self, batch: Batch) -> None:
        """Returns once the batch is durable.

        Raises:
            Moved: the claim is no longer true; surely not committed, or else
                its turns have been answered.
            CommitFailed, StoreWriteFailed: surely not committed.
            OutcomeUnknown, StoreStopped
        """
        node, claim = self._node, self._claim
        doubtful = False
        for _ in range(node.limits.commit_attempts_max):
            begun_ns = node.env.monotonic_ns()
            try:
                cleared = await self._expired_records(len(batch.records)) if batch.records else []
                if self._journal.waits:
                    await self._journal.prepare()
                if batch.kv_cleared:
                    batch.leaves_kv = await is_much(node, claim.kv, large=claim.sequence.large)
                if doubtful or not claim.is_recent(begun_ns):
                    transaction = await claim.checked()
                else:
                    transaction = claim.guarded()
                await self._fill(transaction, batch, cleared)
                version = await transaction.commit()
            except (StoreConflict, StoreTooOld):
                # What we know is compared with what is: it may still be true.
                doubtful = True
            except StoreCommitUnknown:
                if await self._took_place(batch):
                    if self._journal.waits:
                        self._journal.rode()
                    return
                doubtful = True
            else:
                claim.committed(version, begun_ns)
                if self._journal.waits:
                    self._journal.rode()
                return
        raise CommitFailed(
            f"the turn of {claim.keys.address} met another transaction in each of "
            f"{node.limits.commit_attempts_max} attempts: ask again"
        )

    async def clearable(self, record_count: int) -> int:
        """How many old records a commit clears that adds this many.

        Raises:
            StoreError
        """
        return records.count(await self._expired_records(record_count))

    async def _expired_records(self, added: int) -> list[records.Expired]:
        """Old records for a commit to clear that adds some: more of them, so
        that clearing keeps up. Also brings the tick up to date."""
        node, sequence = self._node, self._claim.sequence
        if not node.tick.fresh:
            await node.tick.refresh()
        tick = node.tick.value
        if not sequence.record_count or self._cleared_tick == tick:
            return []
        with reading(node.store) as transaction:
            rows = await records.expired(
                transaction, self._claim.keys, tick, node.limits, 2 * added + 1
            )
        if not rows:
            # Nothing more can grow old before the tick moves on.
            self._cleared_tick = tick
        return rows

    async def _fill(
        self, transaction: Transaction, batch: Batch, cleared: list[records.Expired]
    ) -> None:
        """Puts the batch into its transaction, and lets its witnesses do the same.
        If one cannot, the transaction is given up."""
        try:
            self._write(transaction, batch, cleared)
            if self._journal.waits:
                self._journal.ride(transaction)
            for witness in batch.witnesses:
                await witness(transaction, "")
        except BaseException:
            transaction.cancel()
            raise

    def _write(
        self, transaction: Transaction, batch: Batch, cleared: list[records.Expired]
    ) -> None:
        """Puts all that the batch changes into its transaction."""
        claim = self._claim
        keys, before = claim.keys, claim.sequence
        number = before.number + batch.commits
        kv = self._clear_kv(transaction, batch) if batch.kv_cleared else claim.kv
        large = self._write_effects(transaction, batch, kv)
        record_count = before.record_count
        if cleared:
            record_count -= records.clear(transaction, keys, cleared, had_chunks=before.large)
        if batch.records:
            large |= self._write_records(transaction, batch, number)
            record_count += len(batch.records)
        last_request_id, steps = before.last_request_id, before.steps
        if batch.commits:
            last_request_id = batch.turns[-1].message.envelope.request_id
        if batch.steps is not None:
            large |= write_steps(transaction, keys, batch.steps)
            steps = batch.steps.count
        large |= before.large
        activation = claim.activation
        claim.write(
            transaction,
            Sequence(
                number, last_request_id, record_count, large, activation, steps, kv.generation
            ),
        )

    def _clear_kv(self, transaction: Transaction, batch: Batch) -> KvKeys:
        """Takes away what was in kv before the batch; the keys of what it writes there."""
        kv, actor = self._claim.kv, self._claim.keys
        if batch.leaves_kv:
            return leave(transaction, actor, kv.generation + 1)
        transaction.clear_range(*kv.range())
        if self._claim.sequence.large:
            transaction.clear_range(*kv.chunks())
        return kv

    def _write_effects(self, transaction: Transaction, batch: Batch, kv: KvKeys) -> bool:
        """Whether a value went into chunks."""
        keys, had_chunks = self._claim.keys, self._claim.sequence.large
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
            put(kv.entry(kv_key), value)
        for key, row in batch.writes.items():
            if row is None:
                clear_value(transaction, key, had_chunks=had_chunks)
            else:
                large |= write_value(transaction, key, row, had_chunks=had_chunks)
        return large

    def _write_records(self, transaction: Transaction, batch: Batch, number: int) -> bool:
        self._tick_written = self._node.tick.value
        return records.write(
            transaction,
            self._claim.keys,
            batch.records,
            self._tick_written,
            number,
            had_chunks=self._claim.sequence.large,
        )

    async def _took_place(self, batch: Batch) -> bool:
        """Whether the attempt whose result is unknown was committed.

        Raises:
            Moved: the ownership has moved meanwhile; the turns are answered.
            OutcomeUnknown: the store could not tell in time.
        """
        node = self._node
        give_up_ns = node.env.monotonic_ns() + node.limits.commit_resolution_ms_max * _NS_PER_MS
        while True:
            try:
                return await self._claim.barrier()
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
        unless the record can have been cleared already, by age or with its kind:
        such turns are left to be answered with `moved`. Nobody can know of the others.
        """
        node, keys = self._node, self._claim.keys
        for finished in batch.turns:
            if not finished.recorded:
                if finished.message.stage is Stage.COMMITTING:
                    finished.message.fail(_unknown(finished))
                continue
            envelope = finished.message.envelope
            try:
                with reading(node.store) as transaction:
                    tick = await node.tick.read(transaction)
                    found = await records.find(
                        transaction, keys, envelope.principal, envelope.request_id
                    )
                    ended = await self._claim.kind_ended(transaction)
            except StoreError:
                finished.message.fail(_unknown(finished))
                continue
            if found is not None:
                records.answer(found, finished.message)
            elif ended or tick - self._tick_written >= node.limits.request_record_age_ticks_min:
                finished.message.fail(_unknown(finished))


def _unknown(finished: Finished) -> OutcomeUnknown:
    request_id = finished.message.envelope.request_id
    return OutcomeUnknown(
        f"whether the request {request_id!r} was done is not known: ask again under the same id"
    )
