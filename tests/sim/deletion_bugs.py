"""Bugs in the deletion of actors that the simulator has to find: see `seeded_bugs`."""

from __future__ import annotations

from collections import ChainMap
from typing import Any

from kelpie.runtime.actor.kv_view import KvView
from kelpie.runtime.actor.turn_runner import TurnRunner
from kelpie.runtime.commits import commit
from kelpie.runtime.commits.batch import Batch, Finished
from kelpie.runtime.commits.claim import Claim
from kelpie.runtime.commits.commit import Committer
from kelpie.runtime.requests.envelope import deleted_reply
from kelpie.runtime.requests.errand import Concluded, Writes
from kelpie.runtime.requests.message import Message
from kelpie.store import keyspace
from kelpie.store.keyspace import ActorKeys, KeyRange
from kelpie.store.kv_keys import KvKeys
from kelpie.store.protocol import Transaction
from kelpie.store.tuples import children
from kelpie.wasm.turn import Effects, Outcome
from tests.sim.planting import Bug, patches

__all__ = ["DELETION_BUGS"]


def deleted_state_kept_in_memory() -> Any:
    original = TurnRunner._finish

    def finish(
        self: TurnRunner, message: Message, outcome: Outcome, writes: Writes, *, recorded: bool
    ) -> None:
        before = self._state
        original(self, message, outcome, writes, recorded=recorded)
        if outcome.effects.kv_cleared:
            self._state = before

    return patches((TurnRunner, "_finish", finish))


def deletion_beside_the_turns_in_flight() -> Any:
    """It goes to the store at once, past the turns that are yet to be committed."""

    async def delete(self: TurnRunner) -> Concluded:
        keys = self.pipeline.claim.keys
        held_anything = self._state is not None or not await self._answers.is_empty()
        transaction = self._node.store.transaction()
        transaction.clear(keys.state)
        transaction.clear_range(*self.pipeline.claim.kv.range())
        await transaction.commit()
        self._state = None
        self.slot.drop()
        reply = deleted_reply(held_anything)
        return Concluded(Outcome(reply, None, Effects(), [], [], 0), {})

    return patches((TurnRunner, "_delete", delete))


def deletion_out_of_order_in_its_commit() -> Any:
    """What turns before it wrote to kv in the same commit is written after it."""
    original = Batch.add

    def add(self: Batch, finished: Finished) -> None:
        before = dict(self.kv)
        original(self, finished)
        if finished.effects is not None and finished.effects.kv_cleared:
            self.kv.update(before)

    return patches((Batch, "add", add))


def deletion_that_hides_nothing() -> Any:
    """Turns behind a deletion in flight read through it."""

    def kv_get(self: KvView, key: bytes) -> Any:
        for batch in self._pipeline.layers():
            if key in batch.kv:
                return batch.kv[key]
        return self._read(key)

    def overlay(self: KvView, writes: Any) -> Any:
        # Newest first, as `ChainMap` wants them.
        return dict(ChainMap(writes, *(batch.kv for batch in self._pipeline.layers()))), False

    return patches((KvView, "kv_get", kv_get), (KvView, "_overlay", overlay))


def deletion_takes_the_records_along() -> Any:
    original = Committer._write_effects

    def write_effects(self: Committer, transaction: Transaction, batch: Batch, kv: KvKeys) -> bool:
        if batch.kv_cleared:
            transaction.clear_range(*children(self._claim.keys._records))
        return original(self, transaction, batch, kv)

    return patches((Committer, "_write_effects", write_effects))


def deletion_without_a_record() -> Any:
    """Asked again, it deletes what came after it."""
    original = TurnRunner._finish

    def finish(
        self: TurnRunner, message: Message, outcome: Outcome, writes: Writes, *, recorded: bool
    ) -> None:
        recorded = recorded and not message.envelope.deletes
        original(self, message, outcome, writes, recorded=recorded)

    return patches((TurnRunner, "_finish", finish))


def entries_left_are_read_again() -> Any:
    """A deletion that leaves entries to be cleared moves on, but not for whoever comes next."""

    def leave(transaction: Transaction, actor: ActorKeys, generation: int) -> KvKeys:
        return KvKeys(actor.prefix, generation - 1)

    return patches((commit, "leave", leave))


def end_of_the_kind_not_looked_at() -> Any:
    """A commit that was begun before its kind was deleted lands behind that."""
    original = Claim.guarded

    def guarded(self: Claim) -> Transaction:
        transaction = original(self)
        transaction.read_keys.remove(self._end_key)  # type: ignore[attr-defined]
        return transaction

    async def kind_ended(self: Claim, transaction: Transaction) -> bool:
        return False

    return patches((Claim, "guarded", guarded), (Claim, "kind_ended", kind_ended))


def actors_outlive_their_kind() -> Any:
    """Their state, kv and records are there again in the kind's next life."""
    original = keyspace.everything_of

    def everything_of(namespace: str, kind: str) -> list[KeyRange]:
        (begin, end), *others = original(namespace, kind)
        del begin, end
        return others

    return patches((keyspace, "everything_of", everything_of))


DELETION_BUGS = (
    Bug("deleted state kept in memory", "counter", deleted_state_kept_in_memory),
    Bug("deletion beside the turns in flight", "counter", deletion_beside_the_turns_in_flight),
    Bug("deletion out of order in its commit", "deletions", deletion_out_of_order_in_its_commit),
    Bug("deletion that hides nothing", "ledger", deletion_that_hides_nothing),
    Bug("deletion takes the records along", "counter", deletion_takes_the_records_along),
    Bug("deletion without a record", "counter", deletion_without_a_record),
    Bug("end of the kind not looked at", "counter", end_of_the_kind_not_looked_at),
    Bug("what actors held outlives their kind", "counter", actors_outlive_their_kind),
    Bug("entries left are read again", "ledger", entries_left_are_read_again),
)
