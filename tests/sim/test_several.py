"""Several components in one run: the bank, and what its author might get wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kelpie.sim.engine import Foundry
from kelpie.sim.run import run_seed
from tests.examples.bank import CannotBuild, components
from tests.sim.several import Forgetful, Impatient, Transfer, bank_of, bank_with

pytestmark = pytest.mark.slow


def test_the_sum_never_changes(foundry: Foundry) -> None:
    plan = bank_with(Transfer, foundry)
    seen: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for seed in range(4):
        run = run_seed(plan, seed)
        assert run.failures == []
        seen += run.seen
        faults += run.faults
    # Else nothing was shown.
    assert seen["an invariant was checked in the middle"]
    assert seen["a message came again"]
    assert seen["a message became a dead letter"]
    assert faults["letter-late"]


@pytest.mark.parametrize("wrong", [Forgetful, Impatient])
def test_a_bank_that_is_wrong_is_caught(wrong: type, foundry: Foundry) -> None:
    plan = bank_with(wrong, foundry)
    for seed in range(20):
        oracles = {each.oracle for each in run_seed(plan, seed).failures}
        if oracles:
            assert all(each.startswith("invariant: ") for each in oracles), oracles
            return
    pytest.fail("it was not caught")


def test_the_same_seed_is_the_same_twice(foundry: Foundry) -> None:
    plan = bank_with(Transfer, foundry)
    hashes = {run_seed(plan, 1, requests=15).trace_hash for _ in range(2)}
    assert len(hashes) == 1


def test_with_the_components_that_are_deployed(foundry: Foundry, compiled_cache: Path) -> None:
    try:
        plan = bank_of(dict(components(compiled_cache)), foundry)
    except CannotBuild as reason:
        pytest.skip(str(reason))
    assert run_seed(plan, 1).failures == []
