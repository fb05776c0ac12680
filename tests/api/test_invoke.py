"""Invoking over HTTP: replies, types, ids, deadlines. Both lanes answer alike."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.api.support import ENDLESS_FUEL, ROGUE, Host, request, running

BOB = "/v1/actors/counter/bob"
JSON = "application/json"
BYTES = "application/octet-stream"


async def test_a_counter_counts(host: Host, lane: str) -> None:
    for value in (1, 2, 3):
        answer = await host.ask("POST", f"{BOB}/increment{lane}")
        assert answer.status == 200
        assert answer.json == {"value": value}
        assert answer.headers["content-type"] == JSON
        assert answer.headers["server"] == "kelpie"
        assert len(answer.headers["kelpie-request-id"]) == 32
        assert answer.headers["date"].endswith(" GMT")
    answer = await host.ask("POST", f"{BOB}/add{lane}", b'{"amount": 5}', Content_Type=JSON)
    assert answer.json == {"value": 8}


async def test_each_key_has_a_counter_of_its_own(host: Host, lane: str) -> None:
    await host.ask("POST", f"{BOB}/increment{lane}")
    answer = await host.ask("POST", f"/v1/actors/counter/carol/increment{lane}")
    assert answer.json == {"value": 1}


@pytest.mark.parametrize(
    "key",
    [
        "a/b/c",
        "nul\0nul",
        "😀🐎",
        "a b",
        "%",
        "%2F",
        "?",
        "#",
        ".",
        "..",
        "é",
        "x" * 2048,
        "日" * 682,
    ],
    ids=lambda key: ascii(key[:12]),
)
async def test_keys_may_hold_anything(host: Host, lane: str, key: str) -> None:
    target = f"/v1/actors/counter/{quote(key, safe='')}"
    assert (await host.ask("POST", f"{target}/increment{lane}")).json == {"value": 1}
    shown = await host.ask("GET", target + lane)
    assert (shown.json["key"], shown.json["turns"]) == (key, 1)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/v1/actors/counter//increment", "invalid-address"),
        ("/v1/actors/counter/%FF/increment", "invalid-request"),
        ("/v1/actors/counter/%2/increment", "invalid-request"),
        ("/v1/actors/counter/100%/increment", "invalid-request"),
        ("/v1/actors/counter/" + "x" * 2049 + "/increment", "invalid-address"),
        ("/v1/actors/Counter/bob/increment", "invalid-address"),
        ("/v1/actors//bob/increment", "invalid-address"),
        ("/v1/actors/counter/bob/", "invalid-request"),
        ("/v1/actors/counter/bob/" + "x" * 129, "invalid-request"),
        ("/v1/actors/conuter/bob/increment", "kind-not-found"),
    ],
)
async def test_bad_addresses(host: Host, lane: str, target: str, code: str) -> None:
    assert (await host.ask("POST", target + lane)).code == code


@pytest.mark.parametrize("body", [b"", b"x", bytes(range(256)), b"\xff" * 1_000_000])
async def test_bytes_pass_unchanged(host: Host, lane: str, body: bytes) -> None:
    target = f"/v1/actors/rogue/bob/echo{lane}"
    answer = await host.ask("POST", target, body, Content_Type=BYTES)
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["content-type"] == BYTES


@pytest.mark.parametrize("content_type", [JSON, "text/plain", "text/csv; charset=UTF-8"])
@pytest.mark.parametrize("body", [b"", b"{}", "日本 😀 \0".encode(), b"x" * 1_000_000])
async def test_text_passes_unchanged(host: Host, lane: str, content_type: str, body: bytes) -> None:
    target = f"/v1/actors/rogue/bob/echo{lane}"
    answer = await host.ask("POST", target, body, Content_Type=content_type)
    assert (answer.status, answer.body) == (200, body)
    # The manifest gives `echo` no schema for its result.
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_no_body_is_an_empty_text(host: Host, lane: str) -> None:
    answer = await host.ask("POST", f"/v1/actors/rogue/bob/echo{lane}")
    assert (answer.body, answer.headers["content-type"]) == (b"", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        (JSON, b'"\xff"', "invalid-text"),
        ("text/plain", b"\xed\xa0\x80", "invalid-text"),
        (None, b"x", "unsupported-media-type"),
        ("image/png", b"x", "unsupported-media-type"),
        ("application/x-www-form-urlencoded", b"x=1", "unsupported-media-type"),
        ("text/plain; charset=latin-1", b"x", "unsupported-media-type"),
        ("", b"x", "unsupported-media-type"),
    ],
)
async def test_bodies_that_are_not_taken(
    host: Host, lane: str, content_type: str | None, body: bytes, code: str
) -> None:
    headers = {} if content_type is None else {"Content_Type": content_type}
    answer = await host.ask("POST", f"/v1/actors/rogue/bob/echo{lane}", body, **headers)
    assert answer.code == code
    assert answer.headers["kelpie-request-id"]


async def test_compressed_bodies_are_not_taken(host: Host, lane: str) -> None:
    answer = await host.ask(
        "POST", f"{BOB}/increment{lane}", b"x", Content_Type=JSON, Content_Encoding="gzip"
    )
    assert answer.code == "unsupported-media-type"


async def test_the_same_id_is_done_once(host: Host, lane: str) -> None:
    first = await host.ask("POST", f"{BOB}/increment{lane}", Idempotency_Key="order-17")
    again = await host.ask("POST", f"{BOB}/increment{lane}", Idempotency_Key="order-17")
    assert first.body == again.body
    assert again.headers["kelpie-request-id"] == "order-17"
    assert again.headers["content-type"] == JSON
    assert await host.turns("counter", "bob") == 1
    other = await host.ask(
        "POST", f"{BOB}/add{lane}", b"2", Content_Type=JSON, Idempotency_Key="order-17"
    )
    assert (other.status, other.code) == (422, "request-mismatch")


async def test_duplicates_at_once_are_done_once(host: Host, lane: str) -> None:
    asked = [host.ask("POST", f"{BOB}/increment{lane}", Idempotency_Key="x") for _ in range(20)]
    answers = await asyncio.gather(*asked)
    assert {answer.body for answer in answers} == {answers[0].body}
    assert await host.turns("counter", "bob") == 1


@pytest.mark.parametrize("request_id", ["", "x" * 257, "a b", "a\tb", "é"])
async def test_bad_ids(host: Host, lane: str, request_id: str) -> None:
    answer = await host.ask("POST", f"{BOB}/increment{lane}", Idempotency_Key=request_id)
    assert answer.code == "invalid-request"
    assert await host.turns("counter", "bob") == 0


async def test_the_longest_id(host: Host, lane: str) -> None:
    answer = await host.ask("POST", f"{BOB}/increment{lane}", Idempotency_Key="~" * 256)
    assert answer.status == 200


@pytest.mark.parametrize("deadline", ["", "0", "-1", "x", "1.5", "600001", "9" * 400, "٣"])
async def test_bad_deadlines(host: Host, lane: str, deadline: str) -> None:
    answer = await host.ask("POST", f"{BOB}/increment{lane}", Kelpie_Deadline_Ms=deadline)
    assert answer.code == "invalid-request"


async def test_a_deadline_ends_a_turn(tmp_path: Path, cache: Path, lane: str) -> None:
    async with running(tmp_path / "data", cache, ENDLESS_FUEL) as host:
        await host.deploy("rogue", ROGUE)
        answer = await host.ask(
            "POST", f"/v1/actors/rogue/bob/spin{lane}", Kelpie_Deadline_Ms="200"
        )
        assert (answer.status, answer.code) == (504, "deadline-exceeded")
        assert answer.json["retryable"] is True


async def test_rejections(host: Host, lane: str) -> None:
    body = b'{"kind": "rejected", "code": "no-way", "message": "not today"}'
    answer = await host.ask("POST", f"/v1/actors/rogue/bob/fail{lane}", body, Content_Type=JSON)
    assert (answer.status, answer.code) == (422, "rejected")
    problem = answer.json
    assert (problem["rejection"], problem["detail"]) == ("no-way", "not today")
    assert (problem["source"], problem["retryable"]) == ("actor", False)


async def test_traps_do_not_hurt_the_next(host: Host, lane: str) -> None:
    saved = await host.ask(
        "POST", f"/v1/actors/rogue/bob/save{lane}", b"kept", Content_Type="text/plain"
    )
    assert saved.status == 200
    answer = await host.ask(
        "POST", f"/v1/actors/rogue/bob/trap{lane}", b'{"how": "panic"}', Content_Type=JSON
    )
    assert (answer.status, answer.code) == (500, "guest-trapped")
    loaded = await host.ask("POST", f"/v1/actors/rogue/bob/load{lane}")
    assert loaded.body == b"kept"
    view = (await host.ask("GET", f"/v1/actors/rogue/bob{lane}")).json
    assert view["last_error"].startswith("guest-trapped")


@pytest.mark.parametrize("name", ["Idempotency-Key", "Kelpie-Deadline-Ms"])
async def test_a_header_that_is_there_twice(host: Host, lane: str, name: str) -> None:
    head = request("POST", f"{BOB}/increment{lane}").removesuffix(b"\r\n")
    async with host.wire() as wire:
        await wire.send(head + f"{name}: 1000\r\n{name}: 2000\r\n\r\n".encode())
        answer = await wire.answer()
    assert (answer.status, answer.code) == (400, "invalid-request")
    assert name in answer.json["detail"]
    assert await host.turns("counter", "bob") == 0


async def test_the_log_has_the_backtrace_of_a_trap(
    host: Host, lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await host.ask(
        "POST", f"/v1/actors/rogue/bob/trap{lane}", b'{"how": "panic"}', Content_Type=JSON
    )
    assert answer.code == "guest-trapped"
    assert "backtrace" not in answer.body.decode()
    (told,) = [each for each in caplog.records if "wasm backtrace" in each.getMessage()]
    request_id = answer.headers["kelpie-request-id"]
    about = {"actor": "default/rogue/bob", "turn": 1, "request_id": request_id}
    # The id that the host has made is that of the trace as well.
    assert answer.json["trace_id"] == request_id
    about["trace_id"] = request_id
    assert told.__dict__["about"] == about
