"""How often faults happen, and which of several."""

from __future__ import annotations

from collections import Counter

import pytest

from kelpie.sim.faults import RATES, Faults
from kelpie.sim.tape import Tape
from kelpie.sim.trace import Trace

SOME = ("killed", "overlap", "starvation")
OCCASIONS = 2_000


def faults_of(seed: int, **rates: int) -> Faults:
    faults = Faults(Tape.from_seed(seed, Trace()), {})
    faults.rates = dict.fromkeys(RATES, 0) | rates
    faults.active = True
    return faults


@pytest.mark.parametrize("factor", [1, 10])
def test_each_happens_as_often_as_its_rate_says(factor: int) -> None:
    faults = faults_of(7, killed=200_000, overlap=0, starvation=500_000)
    happened = Counter(faults.first(*SOME, factor=factor) for _ in range(OCCASIONS))
    first = 200_000 if factor == 1 else 500_000
    expected = {
        "killed": OCCASIONS * first / 1_000_000,
        "overlap": 0,
        "starvation": OCCASIONS * (1_000_000 - first) * 500_000 / 1_000_000**2,
    }
    for name, count in expected.items():
        assert happened[name] == pytest.approx(count, abs=0.05 * OCCASIONS)
        assert faults.fired[name] == happened[name]
    assert happened[None] == OCCASIONS - faults.total > 0


def test_what_happens_always_happens() -> None:
    faults = faults_of(7, killed=1_000_000)
    assert all(faults.fires("killed") for _ in range(OCCASIONS))
    assert not any(faults.fires("overlap") for _ in range(OCCASIONS))


def test_a_quiet_tape_has_none() -> None:
    faults = Faults(Tape.replay(0, {}, Trace()), {})
    faults.active = True
    assert not any(faults.first(*SOME, factor=10) for _ in range(OCCASIONS))


def test_without_faults_nothing_is_drawn() -> None:
    tape = Tape.from_seed(7, Trace())
    faults = Faults(tape, {})
    before = tape.recording()
    assert faults.first(*SOME) is None
    assert tape.recording() == before
