"""Durable turns under faults. See `rounds` for what must hold."""

from __future__ import annotations

import pytest

from kelpie.ids import Address, text
from kelpie.sim.model import ActorState
from kelpie.sim.run import Plan, run_seed
from tests.sim.rounds import visited_once

ONE, TWO = (Address("default", "simulated", name) for name in ("a", "b"))


@pytest.mark.slow
def test_nothing_that_was_finished_is_asked_twice(rounds: Plan) -> None:
    elsewhere = 0
    for seed in range(2):
        run = run_seed(rounds, seed)
        assert run.failures == []
        elsewhere += run.seen["a durable turn went on elsewhere"]
    # Else nothing was shown.
    assert elsewhere


def notes(**told: str) -> ActorState:
    entries = ((name.replace("__", "/").encode(), text(each)) for name, each in told.items())
    return ActorState(None, tuple(sorted(entries)))


def test_what_visitors_and_visited_must_agree_on() -> None:
    def wrong(one: ActorState, two: ActorState) -> int:
        return len(list(visited_once({ONE: one, TWO: two})))

    assert wrong(notes(made__b__r__0="1"), notes(had__a__r__0="1")) == 0
    # The round failed behind it.
    assert wrong(notes(), notes(had__a__r__0="1")) == 0
    assert wrong(notes(made__b__r__0="1"), notes()) == 1
    assert wrong(notes(made__b__r__0="1"), notes(had__a__r__0="2")) == 1
    assert wrong(notes(), notes(had__a__r__0="1 and 1")) == 1
