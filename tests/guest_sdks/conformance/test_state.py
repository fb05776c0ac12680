"""State: when it is loaded and saved, and in which form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kelpie.errors import ActorFailed, ActorRejected
from kelpie.wasm.turn import Outcome
from tests.guest_sdks.conformance.subject import Subject
from tests.guest_sdks.conformance.turns import Turns, state_calls

pytestmark = pytest.mark.asyncio(loop_scope="session")


def saved(outcome: Outcome) -> Any:
    """What the turn saved; None if it saved nothing."""
    assert outcome.error is None, outcome.error
    if not outcome.effects.state_written:
        return None
    state = outcome.effects.state
    assert state is not None
    assert state.is_text
    return json.loads(state.data)


def failure(outcome: Outcome) -> str:
    assert type(outcome.error) is ActorFailed, outcome.error
    return outcome.error.message


async def test_state_lasts(actor: Subject) -> None:
    assert await actor.ask("get") == {"count": 0, "notes": {}}
    assert await actor.ask("add", amount=5) == {"count": 5}
    await actor.ask("note", name="a", text="1")
    await actor.ask("note", name="b", text="2")
    assert await actor.ask("forget", name="a") is True
    assert await actor.ask("forget", name="a") is False
    assert await actor.ask("get") == {"count": 5, "notes": {"b": "2"}}
    other = Subject(actor.node)
    assert await other.ask("get") == {"count": 0, "notes": {}}


async def test_the_form_of_what_is_stored(turns: Turns) -> None:
    outcome = await turns.run("add", {"amount": 5})
    assert saved(outcome) == {"version": 1, "state": {"count": 5, "notes": {}}}


async def test_it_is_read_once_and_written_when_it_changed(turns: Turns) -> None:
    assert state_calls(await turns.run("add")) == ["state.load", "state.save"]
    assert state_calls(await turns.run("add")) == ["state.save"]
    assert state_calls(await turns.run("get")) == []
    # A change that leaves everything as it was is none.
    assert state_calls(await turns.run("add", {"amount": 0})) == []
    turns.renew()
    assert state_calls(await turns.run("add", {"amount": 0})) == ["state.load"]
    assert state_calls(await turns.run("get")) == []


async def test_a_state_of_defaults_is_not_written(turns: Turns) -> None:
    assert saved(await turns.run("add", {"amount": 0})) is None
    assert saved(await turns.run("get")) is None


async def test_another_instance_reads_it(turns: Turns) -> None:
    await turns.run("note", {"name": "ä", "text": "\u0000😀"})
    turns.renew()
    outcome = await turns.run("get")
    assert outcome.reply is not None
    assert json.loads(outcome.reply.data) == {"count": 0, "notes": {"ä": "\u0000😀"}}


async def test_clear_all_makes_it_as_at_first(actor: Subject) -> None:
    await actor.ask("add", amount=5)
    await actor.ask("note", name="a", text="1")
    for key in ("a", "b"):
        await actor.ask("kv_set", key=key, text=key)
    await actor.ask("clear_all")
    assert await actor.ask("get") == {"count": 0, "notes": {}}
    assert await actor.ask("kv_list") == {"entries": [], "more": False}


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("", ""),
        ("nothing", ""),
        ("{}", ""),
        ('{"version":1}', "state"),
        ('{"state":{"count":1,"notes":{}}}', "version"),
        ('{"version":1,"state":{"count":"1","notes":{}}}', ""),
        ('{"version":1,"state":{"count":1.0,"notes":{}}}', ""),
        ('{"version":1,"state":{"count":1,"notes":{"a":1}}}', ""),
        ('{"version":1,"state":[]}', ""),
        ('{"version":1,"state":null}', ""),
        ('{"version":"1","state":{"count":1,"notes":{}}}', ""),
        ('{"version":2,"state":{}}', "version 2"),
        ('{"version":0,"state":{"count":1,"notes":{}}}', "version 0"),
        (b'{"version":1,"state":{"count":1,"notes":{}}}', "bytes"),
    ],
)
async def test_state_that_cannot_be_read_is_a_failure(
    turns: Turns, stored: str | bytes, said: str
) -> None:
    turns.store(stored)
    for operation in ("get", "add", "clear_all"):
        message = failure(await turns.run(operation))
        assert "state" in message
        assert said in message


async def test_state_of_a_later_version_says_what_to_do(turns: Turns) -> None:
    turns.store('{"version":3,"state":{}}')
    message = failure(await turns.run("get"))
    assert "version 3" in message
    assert "knows 1" in message
    assert "roll forward" in message


async def test_what_a_failed_turn_changed_in_memory_is_gone(actor: Subject) -> None:
    await actor.ask("add", amount=5)
    rejection = await actor.rejection("add_then_reject", '{"amount": 10}')
    assert rejection.rejection_code == "refused"
    assert await actor.ask("get") == {"count": 5, "notes": {}}
    assert await actor.ask("kv_get", key="mark") is None
    assert await actor.ask("add") == {"count": 6}


async def test_memory_lasts_as_long_as_the_instance(turns: Turns) -> None:
    async def seen() -> Any:
        reply = (await turns.run("instance_turns")).reply
        assert reply is not None
        return json.loads(reply.data)

    first = await seen()
    assert await seen() > first
    turns.renew()
    assert await seen() == first


async def test_read_only_operations_change_no_state(turns: Turns) -> None:
    await turns.run("add", {"amount": 5})
    assert "read-only" in failure(await turns.run("change_read_only"))
    outcome = await turns.run("get")
    assert outcome.reply is not None
    assert json.loads(outcome.reply.data)["count"] == 5


async def test_overflow_is_rejected_and_changes_nothing(turns: Turns) -> None:
    await turns.run("add", {"amount": 2**63 - 1})
    outcome = await turns.run("add")
    assert type(outcome.error) is ActorRejected
    assert outcome.error.rejection_code == "overflow"
    reply = (await turns.run("get")).reply
    assert reply is not None
    assert json.loads(reply.data)["count"] == 2**63 - 1
