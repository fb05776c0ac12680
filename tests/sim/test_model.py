from __future__ import annotations

from collections.abc import Hashable

from kelpie.ids import Address, Payload, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.requests.envelope import DELETION
from kelpie.sim.cast import SIMULATED
from kelpie.sim.engine import TurnInput
from kelpie.sim.history import Operation, Step
from kelpie.sim.model import EMPTY, STORED_STATE, ActorState, ComponentModel
from kelpie.sim.run import Plan
from kelpie.wasm.turn import Caller

CALLER = Caller("client", "simulated")
ADDRESS = Address("default", "simulated", "a")


def _model(plan: Plan, memory: dict[Hashable, Step | None] | None = None) -> ComponentModel:
    component = plan.cast.component(SIMULATED)
    return ComponentModel(component, ADDRESS, DEFAULT_LIMITS, {} if memory is None else memory)


def _step(model: ComponentModel, state: Hashable, name: str, argument: str = "") -> Step:
    (step,) = model.steps(state, Operation(name, text(argument), 0, 1))
    return step


def test_it_counts(counter: Plan) -> None:
    model = _model(counter)
    one = _step(model, model.initial(), "increment")
    assert one == Step(text('{"value":1}'), ActorState(text('{"value":1}'), ()))
    assert _step(model, one.state, "add", "5").reply == text('{"value":6}')
    assert _step(model, one.state, "get") == Step(text('{"value":1}'), one.state)


def test_a_refusal_leaves_the_state_alone(counter: Plan) -> None:
    model = _model(counter)
    step = _step(model, EMPTY, "unheard-of")
    assert isinstance(step.reply, tuple)
    assert step.reply[:2] == ("rejected", "unknown-operation")
    assert step.state == EMPTY


def test_it_keeps_kv(ledger: Plan) -> None:
    model = _model(ledger)
    state: Hashable = model.initial()
    for item in ("fig", "lime", "pear", "plum"):
        state = _step(model, state, "append", f'{{"item":"{item}"}}').state
    assert isinstance(state, ActorState)
    assert [key for key, _ in state.kv] == [f"item/{n:08}".encode() for n in range(1, 5)]
    listed = _step(model, state, "list", '{"page":2,"reverse":true}').reply
    assert isinstance(listed, Payload)
    assert listed.data.index(b"plum") < listed.data.index(b"fig")
    assert _step(model, state, "remove", '{"number":2}').reply == text('{"item":"lime","count":3}')
    cleared = _step(model, state, "clear").state
    assert isinstance(cleared, ActorState)
    assert cleared.kv == ()


def test_it_can_be_deleted(ledger: Plan) -> None:
    model = _model(ledger)
    one = _step(model, EMPTY, "append", '{"item":"fig"}').state
    gone = _step(model, one, DELETION)
    assert gone == Step(text('{"deleted":true}'), EMPTY)
    assert _step(model, gone.state, DELETION) == Step(text('{"deleted":false}'), EMPTY)
    # One that kept only kv was there as well.
    assert isinstance(one, ActorState)
    assert _step(model, one._replace(value=None), DELETION).reply == text('{"deleted":true}')


def test_what_was_found_out_is_remembered(counter: Plan) -> None:
    memory: dict[Hashable, Step | None] = {}
    first = _step(_model(counter, memory), EMPTY, "increment")
    assert len(memory) == 1
    assert _step(_model(counter, memory), EMPTY, "increment") is first


def test_the_stored_state_is_looked_at(counter: Plan) -> None:
    (step,) = _model(counter).steps(EMPTY, Operation(STORED_STATE, None, 0, 1))
    assert step == Step(EMPTY, EMPTY)


def test_sealed_components_do_not_depend_on_the_attempt(counter: Plan) -> None:
    assert not _model(counter).sees_inputs


def test_those_that_see_the_clock_have_a_step_for_each_attempt(counter: Plan) -> None:
    model = _model(counter)
    model.sees_inputs = True
    inputs = tuple(TurnInput(number, 1, bytes(32), CALLER) for number in (1, 2, 3))
    assert len(list(model.steps(EMPTY, Operation("get", text(""), 0, 1, inputs=inputs)))) == 3
    # One that never ran anywhere can have done nothing.
    assert list(model.steps(EMPTY, Operation("get", text(""), 0, 1))) == []
