"""Bugs that the simulator has to find: each is planted, and must be caught.

They are patches of single methods, here and nowhere else: production code has
no switch for them. `python -m tests.sim.seeded_bugs` prints the table.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from kelpie.errors import CommitFailed, StoreError
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime import node as nodes
from kelpie.runtime.actor import turn_runner
from kelpie.runtime.actor.kv_listing import KvListing
from kelpie.runtime.actor.kv_view import KvView, _behind
from kelpie.runtime.commits import claim as claims
from kelpie.runtime.commits import records
from kelpie.runtime.commits import stored_state as stored_states
from kelpie.runtime.commits.batch import Batch
from kelpie.runtime.commits.broken import fail_all
from kelpie.runtime.commits.claim import Claim
from kelpie.runtime.commits.commit import Committer
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.node import Node
from kelpie.runtime.reception import Reception
from kelpie.runtime.requests.message import Message, Stage
from kelpie.sim.engine import Foundry
from kelpie.sim.oracles import GAVE_UP
from kelpie.sim.run import Plan, alone, run_seed
from kelpie.sim.workload import Workload
from kelpie.store.protocol import Transaction
from kelpie.wasm.turn import Page
from tests.sim.bank import bank_plan
from tests.sim.call_bugs import CALL_BUGS
from tests.sim.deletion_bugs import DELETION_BUGS
from tests.sim.durable_bugs import DURABLE_BUGS
from tests.sim.journal_bugs import JOURNAL_BUGS
from tests.sim.message_bugs import MESSAGE_BUGS
from tests.sim.parcels import parcels_plan
from tests.sim.planting import Bug, patches
from tests.sim.rounds import rounds_plan
from tests.sim.several import Transfer, bank_with

ROOT = Path(__file__).parents[2]
COMPONENTS = {
    "counter": ROOT / "examples" / "rust-counter" / "counter.wasm",
    "ledger": ROOT / "tests" / "guests" / "ledger.wasm",
}
SEEDS_MAX = 200


def no_fence_check() -> Any:
    """Whoever has been fenced off goes on as if nothing had happened."""

    async def check_alive(self: Node, transaction: Transaction) -> None:
        return None

    def is_recent(self: Claim, now_ns: int) -> bool:
        return False  # so that all is checked by reading, and the fence never

    return patches((Node, "check_alive", check_alive), (Claim, "is_recent", is_recent))


def no_ownership_check() -> Any:
    """A commit asks neither who owns the actor nor what was committed before."""

    def guarded(self: Claim) -> Transaction:
        return self._node.store.transaction()

    async def checked(self: Claim) -> Transaction:
        return self.guarded()

    return patches((Claim, "guarded", guarded), (Claim, "checked", checked))


def reply_before_commit() -> Any:
    original = Pipeline._settle

    async def settle(self: Pipeline, batch: Batch) -> None:
        turns = list(batch.turns)
        for finished in turns:
            finished.release()
        batch.turns.clear()
        batch.turns += [_Muted(each) for each in turns]
        await original(self, batch)

    return patches((Pipeline, "_settle", settle))


class _Muted:
    """A turn that has been answered already."""

    def __init__(self, finished: Any) -> None:
        self._finished = finished

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finished, name)

    def release(self) -> None:
        return None


def overlay_dropped_under_a_listing() -> Any:
    """The writes not yet durable are taken after the read began, not before."""

    async def kv_list(
        self: KvView, prefix: bytes, after: bytes | None, limit: int, reverse: bool, writes: Any
    ) -> Page:
        transaction = self._node.store.transaction()
        await transaction.read_version()
        hidden = {
            key: value
            for key, value in self._overlay(writes)[0].items()
            if key.startswith(prefix) and _behind(key, after, reverse)
        }
        listing = KvListing(self._node.limits, limit, hidden, reverse)
        keys = self._pipeline.claim.kv
        begin, end = keys.range(prefix, after, reverse)
        await listing.fill(transaction, keys, begin, end)
        return listing.page()

    return patches((KvView, "kv_list", kv_list))


def effects_in_two_transactions() -> Any:
    original = Committer.commit

    async def commit(self: Committer, batch: Batch) -> None:
        transaction = await self._claim.checked()
        self._write_effects(transaction, batch, self._claim.kv)
        await transaction.commit()
        await original(self, batch)

    return patches((Committer, "commit", commit))


def request_record_left_out() -> Any:
    def write_records(self: Committer, *arguments: Any) -> bool:
        return False

    return patches((Committer, "_write_records", write_records))


def unknown_taken_for_failed() -> Any:
    async def took_place(self: Committer, batch: Batch) -> bool:
        raise CommitFailed("the commit failed")

    return patches((Committer, "_took_place", took_place))


def unknown_settled_without_a_barrier() -> Any:
    """It is looked whether the commit took place, but a straggler may follow."""

    async def barrier(self: Claim) -> bool:
        assert self._writing is not None
        begun_ns = self._node.env.monotonic_ns()
        transaction = self._node.store.transaction()
        await self._node.check_alive(transaction)
        landed = await transaction.get(self.keys.seq) == self._writing[1]
        if landed:
            self.committed(await transaction.read_version(), begun_ns)
        return landed

    async def took_place(self: Committer, batch: Batch) -> bool:
        if await self._claim.barrier():
            return True
        raise CommitFailed("the commit failed")

    return patches((Claim, "barrier", barrier), (Committer, "_took_place", took_place))


def read_only_reply_not_gated() -> Any:
    async def check_ownership(self: Pipeline) -> None:
        return None

    return patches((Pipeline, "_check_ownership", check_ownership))


def stale_instance_kept_after_a_failed_commit() -> Any:
    original = Pipeline._break

    def broken(self: Pipeline, error: Any) -> None:
        if isinstance(error, CommitFailed) and self._in_flight is not None:
            fail_all(self._in_flight, error, error)
        else:
            original(self, error)

    return patches((Pipeline, "_break", broken))


def default_state_on_failed_load() -> Any:
    original = stored_states.read_value

    async def read_value(*arguments: Any, **options: Any) -> bytes | None:
        try:
            return await original(*arguments, **options)
        except StoreError:
            return None

    return patches((stored_states, "read_value", read_value))


def record_that_cannot_be_read_taken_for_none() -> Any:
    original = records.find

    async def find(*arguments: Any) -> Any:
        try:
            return await original(*arguments)
        except StoreError:
            return None

    return patches((records, "find", find))


def deadline_in_a_commit_taken_for_not_done() -> Any:
    original = Reception._give_up

    def give_up(self: Reception, message: Message, error: Any, why: str) -> None:
        if message.stage is Stage.COMMITTING:
            message.answer_early(error(f"{why}: nothing was done"))
        else:
            original(self, message, error, why)

    return patches((Reception, "_give_up", give_up))


def damage_taken_for_a_move() -> Any:
    """What is read is compared byte by byte: a flipped bit is another owner."""

    def is_same(key: bytes, stored: bytes | None, expected: bytes | None) -> bool:
        return stored == expected

    return patches((claims, "is_same", is_same), (nodes, "is_same", is_same))


def batch_asked_again_is_done_again() -> Any:
    """The record of a batch is written, and not looked up."""
    original = turn_runner.answered_from_record

    async def answered(*given: Any) -> bool:
        *_, message = given
        return not message.envelope.is_batch and await original(*given)

    return patches((turn_runner, "answered_from_record", answered))


BUGS = (
    Bug("no fence check", "counter", no_fence_check),
    Bug("no ownership check", "counter", no_ownership_check),
    Bug("reply before commit", "counter", reply_before_commit),
    Bug("overlay dropped under a listing", "ledger", overlay_dropped_under_a_listing),
    Bug("effects in two transactions", "ledger", effects_in_two_transactions),
    Bug("request record left out", "counter", request_record_left_out),
    Bug("unknown taken for failed", "counter", unknown_taken_for_failed),
    Bug("unknown settled without a barrier", "counter", unknown_settled_without_a_barrier),
    Bug("read-only reply not gated", "counter", read_only_reply_not_gated),
    Bug(
        "stale instance after a failed commit", "counter", stale_instance_kept_after_a_failed_commit
    ),
    Bug("default state on failed load", "counter", default_state_on_failed_load),
    Bug(
        "record that cannot be read taken for none",
        "counter",
        record_that_cannot_be_read_taken_for_none,
    ),
    Bug(
        "deadline in a commit taken for not done",
        "counter",
        deadline_in_a_commit_taken_for_not_done,
    ),
    Bug("damage taken for a move", "ledger", damage_taken_for_a_move),
    *DELETION_BUGS,
    *CALL_BUGS,
    *MESSAGE_BUGS,
    *JOURNAL_BUGS,
    *DURABLE_BUGS,
    Bug("batch asked again is done again", "counter", batch_asked_again_is_done_again),
)


def plan(component: str, foundry: Foundry) -> Plan:
    """The default workload over a component; over those that talk to each other their own."""
    if component == "transfers":
        return bank_with(Transfer, foundry)
    if component == "bank":
        return bank_plan(foundry)
    if component == "rounds":
        return rounds_plan(foundry)
    if component == "parcels":
        return parcels_plan(foundry)
    if component == "deletions":
        # Of one ledger, so often that some share a commit with what was before.
        calm = plan("ledger", foundry)
        return replace(
            calm, workload=replace(calm.workload, actors=1, deletes_per_cent=20, think_ms_max=3)
        )
    upload = COMPONENTS[component].read_bytes()
    found = foundry.component(upload)
    workload = Workload.of(found.manifest, batches=found.batches)
    return Plan(alone(upload), workload, DEFAULT_LIMITS, foundry)


class Caught(NamedTuple):
    seed: int
    oracles: tuple[str, ...]


def hunt(bug: Bug, prepared: Plan, seeds_max: int = SEEDS_MAX) -> Caught | None:
    """The first seed that catches the bug, and which oracles did."""
    with bug.plant():
        for seed in range(seeds_max):
            oracles = {each.oracle for each in run_seed(prepared, seed).failures}
            # A checker that gave up has caught nothing.
            oracles.discard(GAVE_UP)
            if oracles:
                return Caught(seed, tuple(sorted(oracles)))
    return None


def main() -> int:
    # Planted bugs make the host complain, and rightly so.
    logging.disable(logging.CRITICAL)
    foundry = Foundry(DEFAULT_LIMITS, None)
    plans = {name: plan(name, foundry) for name in {bug.component for bug in BUGS}}
    print("| bug | component | first seed that catches it | oracle |")
    print("|---|---|---|---|")
    missed = 0
    for bug in BUGS:
        caught = hunt(bug, plans[bug.component])
        missed += caught is None
        seed, oracle = ("none", "-") if caught is None else (caught.seed, ", ".join(caught.oracles))
        print(f"| {bug.name} | {bug.component} | {seed} | {oracle} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
