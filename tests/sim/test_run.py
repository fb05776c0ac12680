"""Whole runs: the production runtime, real components, every fault."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from kelpie.ids import text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.sim.engine import Foundry
from kelpie.sim.faults import RATES
from kelpie.sim.run import Plan, Run, alone, run_seed
from kelpie.sim.workload import Workload
from kelpie.wasm.instance import Instance
from kelpie.wasm.kind_configuration import Configuration
from kelpie.wasm.turn import Outcome, Turn
from tests.guests import made

SEEDS = 25


@pytest.fixture(scope="module")
def runs(counter: Plan) -> list[Run]:
    return [run_seed(counter, seed) for seed in range(SEEDS)]


def test_the_counter_keeps_every_promise(runs: list[Run]) -> None:
    assert [(each.seed, each.failures) for each in runs if each.failures] == []


def test_the_ledger_keeps_every_promise(ledger: Plan) -> None:
    runs = [run_seed(ledger, seed) for seed in range(SEEDS)]
    assert [(each.seed, each.failures) for each in runs if each.failures] == []
    assert any(each.seen["kv that a deletion left was cleared"] for each in runs)


def test_every_run_is_worth_it(runs: list[Run]) -> None:
    assert min(each.turns for each in runs) >= 200
    assert min(each.faults.total() for each in runs) >= 5
    assert len({each.trace_hash for each in runs}) == SEEDS


def test_every_fault_fires_and_rare_things_are_seen(runs: list[Run]) -> None:
    faults: Counter[str] = sum((each.faults for each in runs), Counter())
    seen: Counter[str] = sum((each.seen for each in runs), Counter())
    # Some are only seen where actors send and call: see `test_parcels` and `test_calls`.
    assert set(faults) == set(RATES) - {
        "damaged",
        "letter-doubled",
        "letter-late",
        "crash-between-commits",
    }
    assert {
        "commit of a dead node landed",
        "a paused node came back after a takeover",
        "a node was declared dead",
        "a deletion was answered",
        "another version became current",
        "a kind was deleted, with all that it held",
    } <= set(seen)


def test_a_seed_is_the_same_twice(counter: Plan, runs: list[Run]) -> None:
    again = run_seed(counter, 3)
    assert again.trace_hash == runs[3].trace_hash
    assert again.recording == runs[3].recording


def test_a_recorded_run_is_the_same_again(counter: Plan, runs: list[Run]) -> None:
    again = run_seed(counter, 3, recorded=runs[3].recording)
    assert again.trace_hash == runs[3].trace_hash


@pytest.mark.parametrize("seed", [0, 5, 20])
def test_a_run_is_the_same_again_with_the_requests_that_it_had(
    counter: Plan, runs: list[Run], seed: int
) -> None:
    """As it is shrunk from, and kept: also where it went on for turns and faults."""
    run = runs[seed]
    again = run_seed(counter, seed, recorded=run.recording, requests=run.requests)
    assert again.trace_hash == run.trace_hash


def test_what_was_found_out_before_changes_nothing(counter: Plan, runs: list[Run]) -> None:
    fresh = Plan(counter.uploads, counter.workload, counter.limits, counter.foundry)
    assert run_seed(fresh, 5).trace_hash == runs[5].trace_hash


def test_one_other_result_is_another_hash(counter: Plan, runs: list[Run]) -> None:
    original = Instance.run
    replies = 0

    async def run(self: Instance, turn: Turn) -> Outcome:
        nonlocal replies
        outcome = await original(self, turn)
        replies += outcome.reply is not None
        if replies == 50 and outcome.reply is not None:
            outcome.reply = text(outcome.reply.data + b" ")
        return outcome

    with mock.patch.object(Instance, "run", run):
        changed = run_seed(counter, 4)
    assert changed.trace_hash != runs[4].trace_hash
    assert {each.oracle for each in changed.failures} <= {"linearizability", "replay"}


@pytest.mark.parametrize("name", ["counter", "ledger"])
def test_damage_that_stays_is_named_and_never_taken_for_data(
    name: str, counter: Plan, ledger: Plan
) -> None:
    prepared = {"counter": counter, "ledger": ledger}[name]
    damaging = replace(prepared, workload=replace(prepared.workload, rates={"damaged": 300_000}))
    runs = [run_seed(damaging, seed) for seed in range(15)]
    assert [(each.seed, each.failures) for each in runs if each.failures] == []
    assert sum(each.seen["damage that stayed"] for each in runs)


def test_the_quiet_tape_is_a_run_without_faults(counter: Plan) -> None:
    run = run_seed(counter, 0, recorded={}, requests=20)
    assert run.failures == []
    assert run.faults.total() == 0
    assert run.incarnations == 1
    assert run.turns >= 20


SCRIPT = """
import sys
from pathlib import Path
from tests.sim.seeded_bugs import plan
from kelpie.limits import DEFAULT_LIMITS
from kelpie.sim.engine import Foundry
from kelpie.sim.run import run_seed
foundry = Foundry(DEFAULT_LIMITS, Path(sys.argv[1]))
print(*[run_seed(plan(name, foundry), 11).trace_hash for name in ("counter", "ledger")])
"""


@pytest.mark.slow
def test_processes_with_other_hash_seeds_agree(compiled_cache: Path) -> None:
    found = set()
    for hash_seed in ("0", "1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(compiled_cache)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_what_is_set_for_the_kind_is_an_input_of_every_turn(foundry: Foundry) -> None:
    upload = made.saving_config("COLOR")
    workload = Workload.of(foundry.component(upload).manifest)
    told = Plan(alone(upload), replace(workload, config={"COLOR": "red"}), DEFAULT_LIMITS, foundry)
    runs = [run_seed(told, seed) for seed in range(3)]
    assert [each.failures for each in runs] == [[]] * 3
    assert run_seed(told, 1).trace_hash == runs[1].trace_hash
    # A host that forgot it when it starts again, say, would be found.
    other = Configuration({"COLOR": "blue"}, {})
    fresh = Plan(alone(upload), told.workload, DEFAULT_LIMITS, foundry)
    with mock.patch.object(Workload, "configuration", other):
        failures = run_seed(fresh, 1).failures
    assert {each.oracle for each in failures} == {"linearizability"}
