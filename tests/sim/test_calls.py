"""Actors that call each other, under faults. See `bank` for what must hold."""

from __future__ import annotations

from collections import Counter

import pytest

from kelpie.ids import Address, Payload, text
from kelpie.sim.cast import SIMULATED
from kelpie.sim.engine import CALL, TurnInput
from kelpie.sim.history import Operation, Step
from kelpie.sim.model import EMPTY, ActorState, ComponentModel
from kelpie.sim.run import Plan, run_seed
from kelpie.wasm.turn import Caller, Failure, HostCall
from tests.sim.bank import paid_once, told_what_is

ONE, TWO = (Address("default", "simulated", f"actor-{number}") for number in (1, 2))


@pytest.mark.slow
def test_every_payment_is_made_once(bank: Plan) -> None:
    seen: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for seed in range(3):
        run = run_seed(bank, seed)
        assert run.failures == []
        seen += run.seen
        faults += run.faults
    # Else nothing was shown.
    assert seen["a call was made again that had been done"]
    assert faults["crash-between-commits"]


def test_the_same_seed_calls_the_same(bank: Plan) -> None:
    hashes = {run_seed(bank, 1, requests=20).trace_hash for _ in range(2)}
    assert len(hashes) == 1


def account(**notes: int) -> ActorState:
    entries = ((name.replace("__", "/").encode(), text(str(n))) for name, n in notes.items())
    return ActorState(None, tuple(sorted(entries)))


def test_what_accounts_must_agree_on() -> None:
    def wrong(one: ActorState, two: ActorState) -> list[str]:
        # In names of arguments there is no hyphen.
        stored = {ONE._replace(key="a"): one, ONE._replace(key="b"): two}
        return [each.oracle for check in (paid_once, told_what_is) for each in check(stored)]

    assert wrong(account(sent__b__r=1), account(received__a__r=1, told__a__=3)) == []
    assert wrong(account(sent__b__r=1), account(received__a__r=1, told__a__r=1)) == []
    # The one who paid failed afterwards.
    assert wrong(account(), account(received__a__r=1)) == []
    assert wrong(account(sent__b__r=1), account()) == ["calls once"]
    assert wrong(account(sent__b__r=1), account(received__a__r=2)) == ["calls once"]
    assert wrong(account(), account(told__a__r=1)) == ["calls after what they saw"]


def model(plan: Plan) -> ComponentModel:
    component = plan.cast.component(SIMULATED)
    return ComponentModel(component, ONE, plan.limits, plan.memory)


def steps(plan: Plan, *calls: tuple[str, object, str | None, Payload | Failure]) -> list[Step]:
    made = tuple(
        HostCall(CALL, (TWO, operation, text(argument), key), answer)
        for operation, argument, key, answer in calls
    )
    given = TurnInput(1, 0, bytes(32), Caller("client", "simulated"), made)
    asked = text('{"to":"actor-2","amount":3}')
    operation = Operation("transfer", asked, 0, 1, request_id="r", inputs=(given,))
    return list(model(plan).steps(EMPTY, operation))


TOLD = ("told", '{"from":"actor-1","last":""}', "told ", text("null"))
PAID = ("deposit", '{"from":"actor-1","amount":3,"id":"r"}', None, text("{}"))


def test_a_model_is_answered_what_the_turn_was(bank: Plan) -> None:
    (step,) = steps(bank, TOLD, PAID)
    assert step.reply == text('{"balance":97,"last":"r"}')
    (step,) = steps(bank, TOLD, (*PAID[:3], Failure("rejected", "closed", "no")))
    assert step == Step(("rejected", "no", "closed", None), EMPTY)


@pytest.mark.parametrize(
    "calls", [(), (TOLD,), (TOLD, PAID, PAID), (PAID, TOLD), (TOLD, (*PAID[:2], "key", PAID[3]))]
)
def test_what_calls_something_else_was_another_turn(bank: Plan, calls: tuple[object, ...]) -> None:
    assert steps(bank, *calls) == []  # type: ignore[arg-type]
