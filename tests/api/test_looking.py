"""Looking at actors: which there are, their state, their kv."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest

from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import COUNTER, LEDGER, Answer, Host, request

SAVED = [
    (b'{"a": 1.10}', "application/json", "application/json"),
    (b"1e999", "text/plain", "application/json"),
    (b"NaN", "text/plain", "text/plain; charset=utf-8"),
    (b"", "text/plain", "text/plain; charset=utf-8"),
    (b"<script>", "text/plain", "text/plain; charset=utf-8"),
    (b"[" * 100_000, "text/plain", "text/plain; charset=utf-8"),
    (b"\0\xff", "application/octet-stream", "application/octet-stream"),
    (b"x" * 300_000, "text/plain", "text/plain; charset=utf-8"),
]


async def save(host: Host, key: str, value: bytes, content_type: str = "text/plain") -> None:
    target = f"/v1/actors/rogue/{quote(key, safe='')}/save"
    assert (await host.ask("POST", target, value, Content_Type=content_type)).status == 200


async def put(host: Host, key: str, entry: str, value: object, how: str = "text") -> None:
    body = json.dumps({"key": entry, "value": value, "as": how}).encode()
    target = f"/v1/actors/rogue/{key}/kv_set"
    answer = await host.ask("POST", target, body, Content_Type="application/json")
    assert answer.status == 200, answer.body


async def pages(host: Host, target: str, what: str, limit: int) -> list[Any]:
    """Everything, page by page."""
    found: list[Any] = []
    after = ""
    while True:
        answer = await host.ask("GET", f"{target}?limit={limit}{after}")
        assert answer.status == 200, answer.body
        page = answer.json
        assert len(page[what]) <= limit
        found += page[what]
        if page["after"] is None:
            return found
        after = "&after=" + quote(page["after"], safe="")


@pytest.mark.parametrize(("value", "given", "expected"), SAVED)
async def test_state_is_answered_as_it_is(
    host: Host, value: bytes, given: str, expected: str
) -> None:
    await save(host, "bob", value, given)
    answer = await host.ask("GET", "/v1/state/rogue/bob")
    assert (answer.status, answer.body) == (200, value)
    assert answer.headers["content-type"] == expected
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_is_not_stored(host: Host) -> None:
    for target in ("/v1/state/rogue/bob", "/v1/kv/rogue/bob/x", "/v1/kv/rogue/bob/"):
        answer = await host.ask("GET", target)
        assert (answer.status, answer.code) == (404, "value-not-found")
    assert (await host.ask("GET", "/v1/kv/rogue/bob")).json == {"entries": [], "after": None}
    assert (await host.ask("GET", "/v1/actors/rogue")).json == {"actors": [], "after": None}


@pytest.mark.parametrize(
    "target", ["/v1/actors/{}", "/v1/state/{}/bob", "/v1/kv/{}/bob", "/v1/kv/{}/bob/x"]
)
async def test_a_kind_that_is_not_there(host: Host, target: str) -> None:
    answer = await host.ask("GET", target.format("conuter"))
    assert (answer.status, answer.code) == (404, "kind-not-found")
    assert "did you mean 'counter'?" in answer.json["detail"]
    assert "kelpie deploy" in answer.json["detail"]
    assert answer.json["known"] == ["counter", "rogue"]
    assert (await host.ask("GET", target.format("Bad"))).code == "invalid-address"


async def test_kv(host: Host) -> None:
    await put(host, "bob", "a", "1.10")
    await put(host, "bob", "a/b", "hello")
    await put(host, "bob", "c", '{"x": [1e999]}')
    await put(host, "bob", "é\0", "bytes", "bytes")
    await put(host, "bo", "z", "another's")
    answer = await host.ask("GET", "/v1/kv/rogue/bob")
    # As it was stored, to the digit.
    assert b'"encoding": "json","value":1.10}' in answer.body
    encoded = {each["key"]: (each["encoding"], each["value"]) for each in answer.json["entries"]}
    stored = await host.ask("GET", f"/v1/kv/rogue/bob/{quote('é' + chr(0))}")
    assert stored.headers["content-type"] == "application/octet-stream"
    assert encoded == {
        "a": ("json", 1.1),
        "a/b": ("text", "hello"),
        "c": ("json", {"x": [float("inf")]}),
        "é\0": ("base64", b64encode(stored.body).decode()),
    }
    page = (await host.ask("GET", "/v1/kv/rogue/bob?prefix=a")).json
    assert [each["key"] for each in page["entries"]] == ["a", "a/b"]
    one = await host.ask("GET", "/v1/kv/rogue/bob/a%2Fb")
    assert (one.body, one.headers["content-type"]) == (b"hello", "text/plain; charset=utf-8")
    for limit in (1, 2, 1000):
        found = await pages(host, "/v1/kv/rogue/bob", "entries", limit)
        assert [each["key"] for each in found] == ["a", "a/b", "c", "é\0"]


async def test_a_page_of_kv_is_bounded_in_bytes(host: Host) -> None:
    for number in range(5):
        await put(host, "bob", f"{number}", "x" * 400_000)
    first = (await host.ask("GET", "/v1/kv/rogue/bob")).json
    assert [len(each["value"]) for each in first["entries"]] == [400_000] * 2
    assert first["after"] == "1"
    assert len(await pages(host, "/v1/kv/rogue/bob", "entries", 1000)) == 5


async def test_listing_actors(host: Host) -> None:
    keys = ["a", "a\0", "a\0b", "a/b", "b", "é", "😀"]
    for key in keys:
        await save(host, key, b"1")
    # One that holds much costs no more than one that holds little.
    body = json.dumps({"pieces": 500, "bytes": 1, "to": "kv"}).encode()
    target = "/v1/actors/rogue/b/write"
    assert (await host.ask("POST", target, body, Content_Type="text/plain")).status == 200
    await host.ask("POST", "/v1/actors/counter/other/increment")
    # These hold nothing: one was only read, one has put everything away.
    await host.ask("POST", "/v1/actors/rogue/reader/echo")
    await save(host, "emptied", b"1")
    await host.ask("POST", "/v1/actors/rogue/emptied/clear")
    for limit in (1, 3, 1000):
        found = await pages(host, "/v1/actors/rogue", "actors", limit)
        assert [each["key"] for each in found] == keys
    page = (await host.ask("GET", "/v1/actors/rogue?prefix=a&after=a&limit=2")).json
    assert [each["key"] for each in page["actors"]] == ["a\0", "a\0b"]
    assert page["after"] == "a\0b"
    assert (await host.ask("GET", "/v1/actors/rogue?prefix=b&after=zzz")).json["actors"] == []
    shown = (await host.ask("GET", "/v1/actors/rogue/b")).json
    assert shown["turns"] == 2
    assert (await host.ask("GET", "/v1/actors/rogue?prefix=b")).json["actors"] == [shown]


async def test_an_actor_that_only_has_records_is_not_listed(host: Host) -> None:
    await host.ask("POST", "/v1/actors/rogue/bob/clear", Idempotency_Key="x")
    assert (await host.ask("GET", "/v1/actors/rogue")).json["actors"] == []


async def test_namespaces_are_apart(host: Host) -> None:
    body = COUNTER.read_bytes()
    assert (await host.ask("PUT", "/v1/kinds/counter?namespace=other", body)).status == 201
    await host.ask("POST", "/v1/actors/counter/bob/increment")
    assert (await host.ask("GET", "/v1/actors/counter")).json["actors"]
    assert (await host.ask("GET", "/v1/actors/counter?namespace=other")).json["actors"] == []
    answer = await host.ask("GET", "/v1/state/counter/bob?namespace=other")
    assert answer.code == "value-not-found"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=",
        "limit=99999999999",
        "limit=1&limit=2",
        "prefx=a",
        "prefix=%ff",
        "prefix=%zz",
        "after=%ed%a0%80",
    ],
)
@pytest.mark.parametrize("target", ["/v1/actors/rogue", "/v1/kv/rogue/bob"])
async def test_bad_queries(host: Host, target: str, query: str) -> None:
    answer = await host.ask("GET", f"{target}?{query}")
    assert (answer.status, answer.code) == (400, "invalid-request")


async def test_only_lists_have_pages(host: Host) -> None:
    for target in ("/v1/state/rogue/bob", "/v1/kv/rogue/bob/x", "/v1/actors/rogue/bob"):
        assert (await host.ask("GET", f"{target}?limit=1")).code == "invalid-request"


async def conditional(host: Host, target: str, given: str, method: str = "GET") -> Answer:
    async with host.wire() as wire:
        await wire.send(request(method, target, If_None_Match=given))
        # An answer of 304 has no body, and need not tell the length of one.
        return await wire.answer("HEAD")


@pytest.mark.parametrize(
    "target",
    [
        "/v1/state/rogue/bob",
        "/v1/kv/rogue/bob",
        "/v1/kv/rogue/bob/a",
        "/v1/kinds",
        "/v1/kinds/rogue",
    ],
)
async def test_what_a_client_has_is_not_sent_again(host: Host, target: str) -> None:
    await save(host, "bob", b"1")
    await put(host, "bob", "a", "1")
    tag = (await host.ask("GET", target)).headers["etag"]
    assert tag == (await host.ask("HEAD", target)).headers["etag"]
    for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        for method in ("GET", "HEAD"):
            answer = await conditional(host, target, given, method)
            assert (answer.status, answer.headers["etag"]) == (304, tag)
    for given in ('"x"', tag[1:-1], ""):
        assert (await conditional(host, target, given)).status == 200
    # The connection goes on behind an answer without a body.
    async with host.wire() as wire:
        await wire.send(request("GET", target, If_None_Match=tag) + request("GET", "/livez"))
        assert (await wire.answer("HEAD")).status == 304
        assert (await wire.answer()).json == {"status": "live"}


async def test_a_tag_changes_with_the_value_and_its_type(host: Host) -> None:
    tags = set()
    for value, content_type in (
        (b"1", "text/plain"),
        (b"2", "text/plain"),
        (b"1", "application/octet-stream"),
    ):
        await save(host, "bob", value, content_type)
        tags.add((await host.ask("GET", "/v1/state/rogue/bob")).headers["etag"])
    assert len(tags) == 3


async def test_an_operation_named_state_is_an_operation(host: Host) -> None:
    answer = await host.ask("GET", "/v1/actors/rogue/bob/state")
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")
    assert "/v1/state/{kind}/{key}" in answer.json["detail"]


@pytest.mark.parametrize(
    ("target", "allow"),
    [
        ("/v1/actors/rogue/bob/save", "POST, OPTIONS"),
        ("/v1/actors/rogue/bob", "DELETE, GET, HEAD, OPTIONS"),
        ("/v1/state/rogue/bob", "GET, HEAD, OPTIONS"),
        ("/v1/kinds/rogue", "DELETE, GET, PUT, HEAD, OPTIONS"),
        ("*", "DELETE, GET, PATCH, POST, PUT, HEAD, OPTIONS"),
    ],
)
async def test_options(host: Host, target: str, allow: str) -> None:
    async with host.wire() as wire:
        await wire.send(request("OPTIONS", target))
        answer = await wire.answer("HEAD")
        assert (answer.status, answer.headers["allow"]) == (204, allow)
        await wire.send(request("GET", "/livez"))
        assert (await wire.answer()).status == 200
    assert (await host.ask("OPTIONS", "/nowhere")).code == "not-found"


async def test_reading_while_turns_run(host: Host) -> None:
    """Each answer is one moment: the number of entries is what the state counts."""
    assert (await host.deploy("ledger", LEDGER)).status == 201

    async def append() -> None:
        for _ in range(50):
            body = b'{"item": "x"}'
            target = "/v1/actors/ledger/x/append"
            answer = await host.ask("POST", target, body, Content_Type="application/json")
            assert answer.status == 200, answer.body

    writing = asyncio.ensure_future(append())
    seen = 0
    while not writing.done():
        entries = (await host.ask("GET", "/v1/kv/ledger/x?limit=1000")).json["entries"]
        assert len(entries) >= seen
        seen = len(entries)
    await writing
    assert len((await host.ask("GET", "/v1/kv/ledger/x?limit=1000")).json["entries"]) == 50
    assert (await host.ask("GET", "/v1/state/ledger/x")).json["count"] == 50
    assert DEFAULT_LIMITS.kv_page_entries_max == 1000
