"""Who is running and for whom, the time, randomness, the log, and what is set."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from kelpie.ids import Address
from kelpie.wasm.entropy import EntropyKeys, EntropyStream
from kelpie.wasm.kind_configuration import Configuration, Secret
from kelpie.wasm.turn import Caller, Outcome
from tests.guest_sdks.conformance.subject import Subject
from tests.guest_sdks.conformance.turns import Turns
from tests.wasm.support import SEED, TIME_NS

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOURCES = ["entropy_u64", "uuid", "language_random"]


def reply(outcome: Outcome) -> Any:
    assert outcome.error is None, outcome.error
    assert outcome.reply is not None
    return json.loads(outcome.reply.data)


async def test_identity(turns: Turns) -> None:
    told = {
        "namespace": "default",
        "kind": "conformance",
        "key": "key",
        "turn": 7,
        "request_id": "request-1",
        "caller": {"client": "anonymous"},
    }
    assert reply(await turns.run("identity")) == told
    outcome = await turns.run("identity", caller=Caller("reminder", "daily"), number=2**63)
    assert reply(outcome) == {**told, "turn": 2**63, "caller": {"reminder": "daily"}}
    other = Address("a", "b", "ä/ö")
    outcome = await turns.run("identity", caller=Caller("actor", "", other), request_id="ä")
    shown = {"actor": {"namespace": "a", "kind": "b", "key": "ä/ö"}}
    assert reply(outcome) == {**told, "request_id": "ä", "caller": shown}


async def test_turns_are_counted(actor: Subject) -> None:
    await actor.ask("add")
    first = (await actor.ask("identity"))["turn"]
    await actor.ask("add")
    assert (await actor.ask("identity"))["turn"] == first + 1
    assert (await actor.ask_text("identity", "", id="mine"))["request_id"] == "mine"


@pytest.mark.parametrize(
    "operation", ["time", pytest.param("language_time", marks=pytest.mark.sealed)]
)
async def test_the_time_is_that_of_the_turn(turns: Turns, operation: str) -> None:
    for time_ns in (TIME_NS, TIME_NS + 1, 0, 2**61 + 1):
        told = reply(await turns.run(operation, time_ns=time_ns))["nanoseconds"]
        # A language's own type may be coarser: microseconds at the least.
        assert told == time_ns or (operation, told) == ("language_time", time_ns // 1000 * 1000)


@pytest.mark.sealed
async def test_randomness_is_an_input_of_the_turn(turns: Turns) -> None:
    seen = set()
    for seed in (SEED, b"another seed"):
        for operation, argument in [("entropy", {"length": 32}), *((each, {}) for each in SOURCES)]:
            told = reply(await turns.run(operation, argument, entropy_seed=seed))
            turns.renew()
            again = reply(await turns.run(operation, argument, entropy_seed=seed))
            assert again == told
            seen.add((operation, str(told)))
    assert len(seen) == 8


async def test_randomness_has_its_form(actor: Subject) -> None:
    assert await actor.ask("entropy", length=0) == ""
    assert re.fullmatch("[0-9a-f]{200}", await actor.ask("entropy", length=100))
    assert 0 <= int(await actor.ask("entropy_u64")) < 2**64
    uuid = await actor.ask("uuid")
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", uuid)
    numbers = await actor.ask("language_random")
    assert len(set(numbers)) == 4
    assert not set(numbers) & set(await actor.ask("language_random"))


@pytest.mark.parametrize("length", [65_536, 65_537, 150_000])
async def test_more_random_bytes_than_the_host_gives_at_once(turns: Turns, length: int) -> None:
    asked = reply(await turns.run("entropy", {"length": length}, entropy_seed=SEED))
    stream, pieces = EntropyStream(EntropyKeys.of(SEED).turn), [65_536] * (length // 65_536)
    expected = [stream.draw(piece) for piece in (*pieces, length % 65_536) if piece]
    assert asked == b"".join(expected).hex()


async def test_the_log(turns: Turns) -> None:
    for level in ("debug", "info", "warn", "error"):
        outcome = await turns.run("log", {"level": level, "message": "ä\n😀"})
        assert outcome.log == [(level, "ä\n😀")]
        assert reply(outcome) is None


async def test_lines_are_kept(actor: Subject) -> None:
    await actor.ask("log", level="warn", message="careful")
    assert ("warning", "careful") in actor.lines()


async def test_what_is_set_for_the_kind(turns: Turns) -> None:
    assert reply(await turns.run("config", {"name": "COLOR"})) is None
    assert reply(await turns.run("secret", {"name": "TOKEN"})) is None
    given = Configuration({"COLOR": "röd", "EMPTY": ""}, {"TOKEN": Secret("s3cret", 0)})
    for operation, name, value in [
        ("config", "COLOR", "röd"),
        ("config", "EMPTY", ""),
        ("config", "TOKEN", None),
        ("secret", "TOKEN", "s3cret"),
        ("secret", "COLOR", None),
    ]:
        outcome = await turns.run(operation, {"name": name}, configuration=replace(given))
        assert reply(outcome) == value
