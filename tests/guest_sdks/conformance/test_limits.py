"""Large arguments, replies and values, up to the host's limits."""

from __future__ import annotations

import json

import pytest

from kelpie.errors import GuestLimitExceeded
from tests.guest_sdks.conformance.subject import Subject
from tests.guest_sdks.conformance.turns import Turns

pytestmark = pytest.mark.asyncio(loop_scope="session")

MIB = 1 << 20


async def test_a_large_argument_and_reply(actor: Subject) -> None:
    value = "ä" * (MIB // 2)
    assert await actor.ask("echo", value=value) == value


async def test_large_bytes(actor: Subject) -> None:
    data = bytes(range(256)) * 1_000
    assert (await actor.invoke("echo_bytes", data)).data == data


async def test_a_large_value(actor: Subject) -> None:
    text = "v" * (MIB - 10)
    await actor.ask("kv_set", key="large", text=text)
    assert await actor.ask("kv_get", key="large") == {"text": text}
    error = await actor.error("kv_set", json.dumps({"key": "large", "text": "v" * (MIB + 1)}))
    assert type(error) is GuestLimitExceeded
    assert error.details["limit"] == "kv_value_bytes_max"


async def test_a_large_state(actor: Subject) -> None:
    text = "s" * MIB
    for name in "abc":
        await actor.ask("note", name=name, text=text)
    error = await actor.error("note", json.dumps({"name": "d", "text": text}))
    assert type(error) is GuestLimitExceeded
    assert error.details["limit"] == "state_bytes_max"
    assert set((await actor.ask("get"))["notes"]) == {"a", "b", "c"}


async def test_many_turns_of_one_instance(turns: Turns) -> None:
    for _ in range(300):
        assert (await turns.run("add")).error is None
    outcome = await turns.run("echo", {"value": "x" * MIB})
    assert outcome.error is None
    fuel = [(await turns.run("add", {"amount": 1})).fuel for _ in range(3)]
    assert max(fuel) < 1_000_000, "a turn costs the same however many there were"


async def test_too_many_lines(turns: Turns) -> None:
    outcome = await turns.run("log", {"level": "info", "message": "l" * 20_000})
    assert type(outcome.error) is GuestLimitExceeded
    assert outcome.error.details["limit"] == "log_message_bytes_max"
