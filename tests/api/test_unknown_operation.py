"""An operation that the component does not declare: the actor refuses, the host teaches."""

from __future__ import annotations

import pytest

from kelpie.api.unknown_operation import operation_of_line, taught
from kelpie.errors import ActorRejected
from tests.api.support import Host
from tests.api.test_turn_streams import all_of, line

BOB = "/v1/actors/counter/bob"
LINES = "application/x-ndjson"
DECLARED = ["increment", "add", "get", "reset"]


async def test_the_nearest_is_told_and_all_that_there_are(host: Host, lane: str) -> None:
    answer = await host.ask("POST", f"{BOB}/incremnt{lane}")
    assert (answer.status, answer.code) == (422, "rejected")
    assert answer.json["rejection"] == "unknown-operation"
    assert "did you mean 'increment'?" in answer.json["detail"]
    assert answer.json["known"] == DECLARED


async def test_what_is_like_none_is_told_some(host: Host, lane: str) -> None:
    answer = await host.ask("POST", f"{BOB}/zzzz{lane}")
    assert "declared are: increment, add, get, reset" in answer.json["detail"]


async def test_other_refusals_are_the_actors_words_alone(host: Host, lane: str) -> None:
    answer = await host.ask("POST", f"{BOB}/add{lane}", b'"x"', Content_Type="application/json")
    assert (answer.json["rejection"], "known" in answer.json) == ("bad-argument", False)


async def test_asked_again_it_is_told_again(host: Host, lane: str) -> None:
    target = f"{BOB}/incremnt{lane}"
    first = await host.ask("POST", target, Idempotency_Key="once")
    again = await host.ask("POST", target, Idempotency_Key="once")
    assert first.json == again.json


async def test_in_a_batch(host: Host) -> None:
    body = b'{"operation": "get"}\n{"operation": "incremnt"}\n'
    answer = await host.ask("POST", "/v1/batches/counter/bob", body, Content_Type=LINES)
    assert (answer.json["index"], answer.json["known"]) == (1, DECLARED)
    assert "did you mean 'increment'?" in answer.json["detail"]


async def test_in_a_stream_of_turns(host: Host) -> None:
    found = await all_of(host, line("bob", "incremnt"))
    problem = found[0]["problem"]
    assert problem["known"] == DECLARED
    assert "did you mean 'increment'?" in problem["detail"]


def test_a_component_that_declares_nothing_teaches_nothing() -> None:
    error = ActorRejected("no", "no such thing")
    assert taught(error, "x", []) is error


@pytest.mark.parametrize(
    ("lines", "index", "operation"),
    [
        (b'{"operation": "a"}\n{"operation": "b"}', 1, "b"),
        (b'{"operation": "a"}', 1, None),
        (b'{"operation": 5}', 0, None),
        (b"[]", 0, None),
        (b"[" * 100_000, 0, None),
        (b"\xff", 0, None),
        (b'{"operation": "a"}', None, None),
    ],
)
def test_what_a_line_asks_for(lines: bytes, index: int | None, operation: str | None) -> None:
    assert operation_of_line(lines, index) == operation
