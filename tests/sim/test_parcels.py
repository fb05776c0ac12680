"""Messages and reminders under faults. See `parcels` for what must hold."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from kelpie.ids import Address, text
from kelpie.runtime.messaging.dead_letter import DeadLetter
from kelpie.runtime.messaging.letter import Number
from kelpie.sim.model import ActorState
from kelpie.sim.run import Plan, run_seed
from kelpie.sim.workload import Workload
from tests.sim.parcels import arrived, rang

ONE, TWO = (Address("default", "simulated", f"actor-{number}") for number in (1, 2))


@pytest.mark.slow
def test_everything_arrives(parcels: Plan) -> None:
    seen: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for seed in range(6):
        run = run_seed(parcels, seed)
        assert run.failures == []
        seen += run.seen
        faults += run.faults
    # Else nothing was shown.
    assert faults["letter-doubled"]
    assert faults["clock-jump"]
    assert seen["a message came again"]
    assert seen["a message was tried again"]
    assert seen["a message became a dead letter"]


@pytest.mark.parametrize("seed", [20_006, 20_016, 20_017])
@pytest.mark.slow
def test_one_who_says_nothing_of_parcels_is_told_of_no_failure(parcels: Plan, seed: int) -> None:
    # What `kelpie sim FILE` does. The first two were told that no order explains what an
    # actor with reminders answers; in the third many delayed messages waited for ever.
    (upload,) = parcels.uploads.values()
    component = parcels.foundry.component(upload)
    workload = Workload.of(component.manifest, batches=component.batches)
    plan = Plan(parcels.uploads, workload, parcels.limits, parcels.foundry)
    assert run_seed(plan, seed).failures == []


def test_the_same_seed_delivers_the_same(parcels: Plan) -> None:
    hashes = {run_seed(parcels, 1, requests=10).trace_hash for _ in range(2)}
    assert len(hashes) == 1


def state(**counts: int) -> ActorState:
    entries = ((name.replace("__", "/").encode(), text(str(n))) for name, n in counts.items())
    return ActorState(None, tuple(sorted(entries)))


def dead(number: int) -> DeadLetter:
    argument = text(json.dumps({"number": number}))
    return DeadLetter(
        ONE, Number(0, 1, 0), "take", argument, "r", 0, 0, 1, "guest-trapped", None, "trap"
    )


def test_what_must_have_arrived() -> None:
    def wrong(one: ActorState, two: ActorState, *numbers: int) -> list[str]:
        stored = {ONE._replace(key="a"): one, ONE._replace(key="b"): two}
        letters = [dead(number)._replace(sender=ONE._replace(key="a")) for number in numbers]
        return [each.oracle for each in arrived(stored, {ONE._replace(key="b"): letters})]

    assert wrong(state(sent__b=2), state(took__a=2)) == []
    assert wrong(state(sent__b=2), state(took__a=1), 2) == []
    assert wrong(state(sent__b=2), state(took__a=1)) == ["messages arrive"]
    # 2 came after 0, for 1 is dead; and again, after itself.
    assert wrong(state(sent__b=2), state(took__a=2, wrong__a__2=0), 1) == []
    assert wrong(state(sent__b=2), state(took__a=2, wrong__a__2=0)) == ["messages arrive"]
    again = wrong(state(sent__b=2), state(took__a=2, wrong__a__2=2))
    assert again == ["messages once and in order"]
    assert wrong(state(), state(took__a=1)) == ["messages once and in order"]


def test_what_must_have_rung() -> None:
    def wrong(one: ActorState, injured: int = 0, **left: bool) -> list[str]:
        names = {name.replace("_", "-") for name in left}
        return [each.oracle for each in rang({TWO: one}, [TWO] * injured, {TWO: names})]

    ones = {"rang__once-1": 1, "rang__once-2": 1}
    assert wrong(state(reminded=2, **ones)) == []
    assert wrong(state(reminded=3, **ones)) == ["reminders ring"]
    assert wrong(state(reminded=3, **ones), injured=1) == []
    assert wrong(state(reminded=3, **ones), once_3=True) == []
    assert wrong(state(reminded=2, **{**ones, "rang__once-2": 2})) == ["reminders once"]
