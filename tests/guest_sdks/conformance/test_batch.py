"""Batches: many operations in one turn."""

from __future__ import annotations

import pytest

from kelpie.errors import ActorRejected
from kelpie.ids import text
from tests.guest_sdks.conformance.subject import Subject
from tests.guest_sdks.conformance.turns import Turns, state_calls

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_operations_in_their_order(actor: Subject) -> None:
    replies = await actor.batch(
        {"operation": "add", "argument": {"amount": 5}},
        {"argument": None, "operation": "add"},
        {"operation": "add"},
        ' {"operation": "echo", "argument": {"value": "a\\nb"}} ',
        {"operation": "note", "argument": {"name": "a", "text": "b"}},
        {"operation": "get", "argument": {}},
    )
    counts = [{"count": count} for count in (5, 6, 7)]
    assert replies == [*counts, "a\nb", None, {"count": 7, "notes": {"a": "b"}}]
    assert await actor.ask("get") == replies[-1]


async def test_state_is_saved_once(turns: Turns) -> None:
    lines = '{"operation":"add"}\n' * 100
    outcome = await turns.run("", text(lines), is_batch=True)
    assert state_calls(outcome) == ["state.load", "state.save"]
    assert outcome.reply is not None
    assert outcome.reply.data.decode().splitlines()[-1] == '{"count":100}'
    outcome = await turns.run("", text('{"operation":"get"}'), is_batch=True)
    assert state_calls(outcome) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"operation": "reject", "argument": {"code": "no", "message": "m"}}, "no"),
        ({"operation": "nothing"}, "unknown-operation"),
        ({"operation": "add", "argument": {"amount": "5"}}, "bad-argument"),
        ({"operation": "echo_bytes"}, "bad-argument"),
        ({"operation": "add", "more": 1}, "bad-argument"),
        ({"argument": 1}, "bad-argument"),
        ({"operation": 1}, "bad-argument"),
        ('{"operation": "add", "operation": "add"}', "bad-argument"),
        ("", "bad-argument"),
        ("null", "bad-argument"),
        ("[]", "bad-argument"),
        ("{", "bad-argument"),
    ],
)
async def test_the_first_that_fails_ends_it(actor: Subject, line: object, code: str) -> None:
    await actor.ask("add")
    with pytest.raises(ActorRejected) as refused:
        await actor.batch({"operation": "add"}, line, {"operation": "fail"})
    assert refused.value.rejection_code == code
    assert refused.value.details["index"] == 1
    assert await actor.ask("get") == {"count": 1, "notes": {}}
    # The instance that had added already is gone.
    assert await actor.ask("add") == {"count": 2}


async def test_a_read_only_operation_that_changes_state_fails_it(turns: Turns) -> None:
    lines = '{"operation":"add"}\n{"operation":"change_read_only"}\n'
    outcome = await turns.run("", text(lines), is_batch=True)
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.details["index"]) == ("actor-failed", 1)
