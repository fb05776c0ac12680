"""What goes wrong in an operation, and what whoever asked gets to know of it."""

from __future__ import annotations

import json

import pytest

from kelpie.errors import ActorFailed, GuestOutOfFuel, GuestOutOfMemory
from tests.guest_sdks.conformance.languages import Language
from tests.guest_sdks.conformance.subject import Subject
from tests.guest_sdks.conformance.turns import Turns

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_rejection(actor: Subject) -> None:
    rejection = await actor.rejection("reject", '{"code": "no-way_2", "message": "ä: not today"}')
    assert (rejection.rejection_code, rejection.message) == ("no-way_2", "ä: not today")


async def test_an_error(actor: Subject) -> None:
    assert "the disk of ä" in await actor.failure("fail", '{"message": "the disk of ä"}')
    # Whoever asked may not be the one who can mend it.
    assert [line for level, line in actor.lines() if level == "error" and "the disk of ä" in line]


async def test_a_panic_says_what_and_where(actor: Subject, language: Language) -> None:
    await actor.ask("add")
    message = await actor.failure("panic", '{"message": "out of ä"}')
    assert "out of ä" in message
    _, found, place = message.partition(language.place)
    assert found, message
    assert place[0].isdigit(), "the line"
    errors = [line for level, line in actor.lines() if level == "error"]
    assert [line for line in errors if "out of ä" in line and language.place in line]
    # The actor goes on from what was committed.
    assert await actor.ask("add") == {"count": 2}


async def test_a_panic_with_a_long_message_is_told_too(actor: Subject) -> None:
    argument = json.dumps({"message": "ä" * 4_000})
    message = await actor.failure("panic", argument)
    assert "ä" * 1_000 in message


@pytest.mark.parametrize("operation", ["panic", "fail"])
async def test_a_message_that_is_too_long_is_cut_and_says_so(
    actor: Subject, language: Language, operation: str
) -> None:
    message = await actor.failure(operation, json.dumps({"message": "ä" * 20_000}))
    assert "ä" * 1_000 in message
    if operation == "panic":
        errors = [line for level, line in actor.lines() if level == "error"]
        assert [line for line in errors if "ä" * 1_500 in line and language.place in line]


async def test_every_end_of_a_turn_drops_the_instance(turns: Turns) -> None:
    for operation, argument in [
        ("reject", {"code": "no", "message": "no"}),
        ("fail", {"message": "no"}),
        ("panic", {"message": "no"}),
        ("nothing", {}),
    ]:
        await turns.run("add")
        outcome = await turns.run(operation, argument)
        assert outcome.instance_lost
        assert not outcome.effects


@pytest.mark.slow
@pytest.mark.sealed
async def test_one_that_never_ends_runs_out_of_fuel(turns: Turns) -> None:
    outcome = await turns.run("spin")
    assert type(outcome.error) is GuestOutOfFuel


@pytest.mark.sealed
async def test_one_that_wants_too_much_memory(turns: Turns) -> None:
    assert (await turns.run("allocate", {"bytes": 1_000_000})).error is None
    outcome = await turns.run("allocate", {"bytes": 2_000_000_000})
    # A language may notice that there is no more, or not survive it.
    assert type(outcome.error) in (GuestOutOfMemory, ActorFailed)
    assert (await turns.run("add")).error is None
