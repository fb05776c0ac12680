"""The simulator is tested by what it must find. See `seeded_bugs`."""

from __future__ import annotations

import pytest

from tests.sim.planting import Bug
from tests.sim.seeded_bugs import BUGS, hunt


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_it_is_caught(bug: Bug, request: pytest.FixtureRequest) -> None:
    caught = hunt(bug, request.getfixturevalue(bug.component))
    assert caught is not None, f"{bug.name} was not caught"
    # That the planted bug makes the host fall over would prove nothing.
    assert set(caught.oracles) - {"nothing passes silently", "answers", "liveness"}


def test_every_bug_of_the_contract_is_planted() -> None:
    names = {bug.name for bug in BUGS}
    assert {
        "no fence check",
        "reply before commit",
        "overlay dropped under a listing",
        "effects in two transactions",
        "request record left out",
        "unknown taken for failed",
        "read-only reply not gated",
        "stale instance after a failed commit",
        "default state on failed load",
        "deleted state kept in memory",
        "deletion beside the turns in flight",
        "deletion takes the records along",
        "call id without the caller's request",
        "call before earlier turns are durable",
        "cursor not looked at",
        "restart forgets the outboxes",
        "letter tried again goes to the back",
        "reminder fired again",
        "result shown before it is durable",
        "journal in flight not removed",
        "durable turn begun anew",
    } <= names
