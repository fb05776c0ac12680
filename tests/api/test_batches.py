"""Batches over HTTP: many operations as one turn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kelpie.api.client import Client
from kelpie.errors import ActorRejected, BatchUnsupported
from tests.api.support import COUNTER, Host, request, running

BOB = "/v1/batches/counter/bob"
LINES = "application/x-ndjson"


def lines(*operations: object) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in operations)


def add(amount: int) -> dict[str, object]:
    return {"operation": "add", "argument": {"amount": amount}}


async def test_a_batch_is_one_turn(host: Host) -> None:
    body = lines(add(5), {"operation": "increment"}, {"operation": "get"})
    answer = await host.ask("POST", BOB, body, Content_Type=LINES)
    assert (answer.status, answer.body) == (200, b'{"value":5}\n{"value":6}\n{"value":6}\n')
    assert answer.headers["content-type"] == LINES
    assert len(answer.headers["kelpie-request-id"]) == 32
    assert await host.turns("counter", "bob") == 1


async def test_all_or_nothing_and_which_it_was(host: Host) -> None:
    body = lines(add(5), {"operation": "nap"}, add(1))
    answer = await host.ask("POST", BOB, body, Content_Type=LINES)
    assert (answer.status, answer.code) == (422, "rejected")
    assert (answer.json["rejection"], answer.json["index"]) == ("unknown-operation", 1)
    got = await host.ask("POST", "/v1/actors/counter/bob/get")
    assert got.json == {"value": 0}


async def test_under_an_id_it_is_done_once(host: Host) -> None:
    given = {"Content_Type": LINES, "Idempotency_Key": "k1"}
    for _ in range(2):
        answer = await host.ask("POST", BOB, lines(add(5)), **given)
        assert answer.body == b'{"value":5}\n'
        assert answer.headers["kelpie-request-id"] == "k1"
    other = await host.ask("POST", BOB, lines(add(6)), **given)
    assert other.code == "request-mismatch"
    given["Idempotency_Key"] = "k2"
    for _ in range(2):
        refused = await host.ask("POST", BOB, lines(add(1), {"operation": "nap"}), **given)
        assert (refused.code, refused.json["index"]) == ("rejected", 1)


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        (None, b"{}", "unsupported-media-type"),
        ("application/json", b"{}", "unsupported-media-type"),
        ("application/x-ndjson; charset=latin-1", b"{}", "unsupported-media-type"),
        (LINES, b"", "invalid-request"),
        (LINES, b"\xff\n", "invalid-text"),
        (LINES, b"\n" * 1001, "payload-too-large"),
        (LINES, b"x" * (4 << 20) + b"x", "payload-too-large"),
        (LINES, b"\n", "rejected"),
        ("application/jsonl", b"[]\n", "rejected"),
    ],
)
async def test_bodies_that_are_not_taken(
    host: Host, content_type: str | None, body: bytes, code: str
) -> None:
    headers = {} if content_type is None else {"Content_Type": content_type}
    async with host.wire() as wire:
        await wire.send(request("POST", BOB, body, **headers))
        assert (await wire.answer()).code == code


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/v1/batches/rogue/bob", "batch-unsupported"),
        ("/v1/batches/conuter/bob", "kind-not-found"),
        ("/v1/batches/Counter/bob", "invalid-address"),
        ("/v1/batches/counter/", "invalid-address"),
        ("/v1/batches/counter/bob?x=1", "invalid-request"),
        ("/v1/batches/counter", "not-found"),
        ("/v1/actors/counter/bob/", "unsupported-media-type"),
    ],
)
async def test_where_there_are_none(host: Host, target: str, code: str) -> None:
    assert (await host.ask("POST", target, lines(add(1)), Content_Type=LINES)).code == code


async def test_headers_are_those_of_an_invocation(host: Host) -> None:
    body = lines(add(1))
    refused = await host.ask("POST", BOB, body, Content_Type=LINES, Kelpie_Deadline_Ms="0")
    assert refused.code == "invalid-request"
    refused = await host.ask("POST", BOB, body, Content_Type=LINES, Content_Encoding="gzip")
    assert refused.code == "unsupported-media-type"
    refused = await host.ask("GET", BOB)
    assert (refused.code, refused.headers["allow"]) == ("method-not-allowed", "POST, OPTIONS")
    answer = await host.ask("POST", BOB + "?namespace=other", body, Content_Type=LINES)
    assert answer.code == "kind-not-found"


async def test_kinds_say_whether_they_take_batches(host: Host) -> None:
    assert (await host.ask("GET", "/v1/kinds/counter")).json["batches"] is True
    assert (await host.ask("GET", "/v1/kinds/rogue")).json["batches"] is False
    assert (await host.ask("GET", "/v1/kinds/counter/versions/1")).json["batches"] is True


async def test_a_kind_still_takes_batches_after_a_restart(tmp_path: Path, cache: Path) -> None:
    async with running(tmp_path / "data", cache) as host:
        await host.deploy("counter", COUNTER)
    async with running(tmp_path / "data", cache) as host:
        answer = await host.ask("POST", BOB, lines(add(1)), Content_Type=LINES)
        assert answer.body == b'{"value":1}\n'


async def test_from_python(host: Host) -> None:
    async with Client(host.url) as client:
        given = [("add", {"amount": 5}), ("increment", None), ("get", None)]
        values = [5, 6, 6]
        for _ in range(2):
            replies = await client.batch("counter", "a/b", given, request_id="k")
            assert replies == [{"value": value} for value in values]
        with pytest.raises(ActorRejected) as refused:
            await client.batch("counter", "a/b", [*given, ("nap", None)])
        assert refused.value.details["index"] == 3
        with pytest.raises(BatchUnsupported):
            await client.batch("rogue", "a", given)
