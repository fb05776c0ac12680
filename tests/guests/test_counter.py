"""The counter example, as a host sees it."""

from __future__ import annotations

import json

import pytest

from tests.guests.host import ROOT, Actor, Failed, Rejected

COUNTER = ROOT / "examples" / "rust-counter" / "counter.wasm"
MAX = 2**53 - 1


@pytest.fixture
def counter() -> Actor:
    return Actor(COUNTER)


def value(reply: str) -> int:
    read = json.loads(reply)
    assert list(read) == ["value"]
    return read["value"]


def test_counting(counter: Actor) -> None:
    assert value(counter.invoke("get")) == 0
    assert value(counter.invoke("increment")) == 1
    assert value(counter.invoke("add", "5")) == 6
    assert value(counter.invoke("add", ' {"amount": -2} ')) == 4
    assert value(counter.invoke("get", "null")) == 4
    assert value(counter.invoke("reset", "{}")) == 0


def test_the_value_is_one_json_text_in_state(counter: Actor) -> None:
    counter.invoke("add", "7")
    assert counter.state == '{"value":7}'
    counter.renew()
    assert value(counter.invoke("increment", b"")) == 8


def test_a_warm_turn_makes_one_host_call_and_a_warm_read_none(counter: Actor) -> None:
    counter.invoke("increment")
    assert counter.calls == ["state.load", "state.save"]
    counter.calls.clear()
    counter.invoke("increment")
    counter.invoke("get")
    assert counter.calls == ["state.save"]


def test_get_writes_nothing(counter: Actor) -> None:
    counter.invoke("get")
    assert counter.calls == ["state.load"]


@pytest.mark.parametrize(
    ("operation", "argument", "code"),
    [
        ("add", "", "bad-argument"),
        ("add", "one", "bad-argument"),
        ("add", "1.5", "bad-argument"),
        ("add", '{"amount": "1"}', "bad-argument"),
        ("add", str(MAX + 1), "bad-argument"),
        ("add", b"1", "bad-argument"),
        ("increment", "1", "bad-argument"),
        ("increment", b"x", "bad-argument"),
        ("decrement", "", "unknown-operation"),
        ("", "", "unknown-operation"),
    ],
)
def test_rejections(counter: Actor, operation: str, argument: str | bytes, code: str) -> None:
    with pytest.raises(Rejected) as rejected:
        counter.invoke(operation, argument)
    assert rejected.value.code == code
    assert rejected.value.message
    assert counter.state is None


@pytest.mark.parametrize(("bound", "step"), [(MAX, "1"), (-MAX, "-1")])
def test_overflow_is_rejected(counter: Actor, bound: int, step: str) -> None:
    assert value(counter.invoke("add", str(bound))) == bound
    with pytest.raises(Rejected) as rejected:
        counter.invoke("add", step)
    assert rejected.value.code == "overflow"
    assert counter.state == f'{{"value":{bound}}}'


@pytest.mark.parametrize("state", ["", "0", "{}", '{"value":"1"}', '{"value":1', b'{"value":1}'])
@pytest.mark.parametrize("operation", ["get", "increment"])
def test_corrupt_state_is_a_failure(counter: Actor, operation: str, state: str | bytes) -> None:
    counter.state = state
    with pytest.raises(Failed) as failed:
        counter.invoke(operation)
    assert failed.value.kind == "failed"
    assert counter.state == state


def test_manifest(counter: Actor) -> None:
    manifest = json.loads(counter.describe())
    operations = {operation["name"]: operation for operation in manifest["operations"]}
    assert set(operations) == {"increment", "add", "get", "reset"}
    assert {name for name, told in operations.items() if told["read_only"]} == {"get"}
    assert counter.calls == []
