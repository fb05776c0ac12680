"""Everything but invoking: kinds, actors, health, and paths that lead nowhere."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from hashlib import sha256

import pytest

from kelpie.api.manual import error_pages
from kelpie.errors import KelpieError, every_error
from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import COUNTER, LEDGER, Host, request


async def test_deploying(empty_host: Host) -> None:
    host = empty_host
    first = await host.deploy("counter", COUNTER)
    assert first.status == 201
    view = first.json
    assert (view["namespace"], view["kind"], view["number"]) == ("default", "counter", 1)
    assert view["digest"] == sha256(COUNTER.read_bytes()).hexdigest()
    assert view["size_bytes"] == COUNTER.stat().st_size
    assert view["changed"] is True
    assert datetime.fromisoformat(view["deployed_at"]).tzinfo is not None
    operations = {each["name"]: each for each in view["operations"]}
    assert operations["get"]["read_only"] is True
    assert operations["increment"]["result"]

    again = await host.deploy("counter", COUNTER)
    assert (again.status, again.json["changed"], again.json["number"]) == (200, False, 1)
    other = await host.deploy("counter", LEDGER)
    assert (other.status, other.json["number"]) == (201, 2)
    assert (await host.ask("GET", "/v1/kinds/counter")).json["digest"] == other.json["digest"]


async def test_listing(host: Host) -> None:
    kinds = (await host.ask("GET", "/v1/kinds")).json["kinds"]
    assert [each["kind"] for each in kinds] == ["counter", "rogue"]
    assert kinds[0]["operations"] == ["increment", "add", "get", "reset"]
    assert (await host.ask("GET", "/v1/kinds?namespace=other")).json == {"kinds": []}


async def test_namespaces_are_apart(host: Host) -> None:
    target = "/v1/actors/counter/bob/increment?namespace=other"
    assert (await host.ask("POST", target)).code == "kind-not-found"
    body = COUNTER.read_bytes()
    assert (await host.ask("PUT", "/v1/kinds/counter?namespace=other", body)).status == 201
    for query, value in (("", 1), ("?namespace=other", 1), ("?namespace=default", 2)):
        answer = await host.ask("POST", f"/v1/actors/counter/bob/increment{query}")
        assert answer.json == {"value": value}


@pytest.mark.parametrize(
    ("upload", "status", "code"),
    [
        (b"", 400, "component-invalid"),
        (b"hello, world", 400, "component-invalid"),
        (COUNTER.read_bytes()[:1000], 400, None),
        (os.urandom(5000), 400, "component-invalid"),
        (b"\0asm\x0d\0\x01\0", 422, "component-refused"),
    ],
    ids=["empty", "text", "truncated", "random", "of-another-world"],
)
async def test_bad_uploads(empty_host: Host, upload: bytes, status: int, code: str | None) -> None:
    answer = await empty_host.ask("PUT", "/v1/kinds/bad", upload)
    assert answer.code.startswith("component-")
    if code is not None:
        assert (answer.status, answer.code) == (status, code)
    assert answer.json["retryable"] is False
    assert (await empty_host.ask("GET", "/v1/kinds/bad")).code == "kind-not-found"


async def test_an_upload_over_the_limit(empty_host: Host) -> None:
    async with empty_host.wire() as wire:
        length = str(DEFAULT_LIMITS.component_bytes_max + 1)
        await wire.send(request("PUT", "/v1/kinds/big", Content_Length=length))
        answer = await wire.answer()
        assert (answer.status, answer.code) == (413, "component-too-large")


async def test_an_upload_that_breaks_off(empty_host: Host) -> None:
    async with empty_host.wire() as wire:
        whole = request("PUT", "/v1/kinds/counter", COUNTER.read_bytes())
        await wire.send(whole[:-100])
        wire.writer.transport.abort()
    assert (await empty_host.ask("GET", "/v1/kinds")).json == {"kinds": []}


async def test_uploads_of_another_type(empty_host: Host) -> None:
    body = COUNTER.read_bytes()
    for content_type in ("application/wasm", "application/octet-stream"):
        answer = await empty_host.ask("PUT", "/v1/kinds/a", body, Content_Type=content_type)
        assert answer.status in {200, 201}
    answer = await empty_host.ask("PUT", "/v1/kinds/b", body, Content_Type="text/plain")
    assert answer.code == "unsupported-media-type"


async def test_deploys_at_once(empty_host: Host) -> None:
    deploys = [empty_host.deploy("counter", COUNTER) for _ in range(8)]
    answers = await asyncio.gather(*deploys)
    assert {answer.status for answer in answers} <= {200, 201}
    assert (await empty_host.ask("GET", "/v1/kinds/counter")).json["digest"]


async def test_showing_an_actor(host: Host) -> None:
    unused = (await host.ask("GET", "/v1/actors/counter/nobody")).json
    assert (unused["turns"], unused["epoch"], unused["active"]) == (0, 0, False)
    await host.ask("POST", "/v1/actors/counter/bob/increment")
    used = (await host.ask("GET", "/v1/actors/counter/bob")).json
    assert used == {
        "namespace": "default",
        "kind": "counter",
        "key": "bob",
        "active": True,
        "epoch": 1,
        "turns": 1,
        "deploy_number": 1,
        "last_error": None,
        "queued": 0,
    }
    assert (await host.ask("GET", "/v1/actors/counter/")).code == "invalid-address"
    assert (await host.ask("GET", "/v1/actors/nothing/bob")).code == "kind-not-found"


async def test_health(host: Host) -> None:
    for target in ("/livez", "/readyz"):
        answer = await host.ask("GET", target)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "target", ["/livez", "/readyz", "/v1/kinds", "/v1/kinds/counter", "/v1/actors/counter/bob"]
)
async def test_head(host: Host, target: str) -> None:
    async with host.wire() as wire:
        await wire.send(request("HEAD", target))
        head = await wire.answer("HEAD")
        assert (head.status, head.body) == (200, b"")
        await wire.send(request("GET", target))
        got = await wire.answer("GET")
        assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("GET", "/v1/actors/counter/bob/increment", "POST, OPTIONS"),
        ("POST", "/v1/actors/counter/bob", "DELETE, GET, HEAD, OPTIONS"),
        ("PATCH", "/v1/kinds/counter", "DELETE, GET, PUT, HEAD, OPTIONS"),
        ("POST", "/v1/kinds", "GET, HEAD, OPTIONS"),
        ("PATCH", "/livez", "GET, HEAD, OPTIONS"),
    ],
)
async def test_other_methods(host: Host, method: str, target: str, allow: str) -> None:
    answer = await host.ask(method, target)
    assert (answer.status, answer.code) == (405, "method-not-allowed")
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize(
    "target",
    ["/v1", "/v2/kinds", "/v1/actors", "/v1/kinds/a/b", "/livez/", "//", "/v1/state/a"],
)
async def test_paths_that_lead_nowhere(host: Host, target: str) -> None:
    answer = await host.ask("GET", target)
    assert (answer.status, answer.code) == (404, "not-found")
    assert "POST /v1/actors/{kind}/{key}/{operation}" in answer.json["routes"]


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/kind/counter", "/v1/kinds/{kind}"),
        ("/v1/knids", "GET /v1/kinds"),
        ("/v1/kinds/counter/version", "GET /v1/kinds/{kind}/versions"),
        ("/v1/state/counter", "GET /v1/state/{kind}/{key}"),
        ("/metric", "GET /metrics"),
        ("/kinds", "GET /v1/kinds"),
        ("/" + "x/" * 2000, None),
        ("/wp-admin/setup.php", None),
    ],
)
async def test_a_path_that_leads_nowhere_is_told_the_nearest_route(
    empty_host: Host, path: str, meant: str | None
) -> None:
    answer = await empty_host.ask("GET", path)
    assert (answer.status, answer.code) == (404, "not-found")
    told = answer.json["detail"].partition("did you mean ")[2].partition("?")[0]
    assert told.endswith(meant) if meant else told == ""
    assert len(answer.json["detail"]) < 100


async def test_a_slash_in_a_key_is_explained(host: Host) -> None:
    answer = await host.ask("POST", "/v1/actors/counter/a/b/increment")
    assert answer.code == "not-found"
    assert "%2F" in answer.json["detail"]


async def test_an_unknown_kind_is_explained(host: Host) -> None:
    problem = (await host.ask("POST", "/v1/actors/conuter/bob/increment")).json
    assert "'counter'" in problem["detail"]
    assert problem["known"] == ["counter", "rogue"]
    problem = (await host.ask("GET", "/v1/kinds/zzz")).json
    assert "counter, rogue" in problem["detail"]


@pytest.mark.parametrize(
    "target", ["/v1/kinds?x=1", "/v1/kinds?namespace=Bad", "/v1/kinds?namespace="]
)
async def test_bad_queries(host: Host, target: str) -> None:
    assert (await host.ask("GET", target)).status == 400


async def test_a_whole_url_as_target(host: Host) -> None:
    answer = await host.ask("GET", "http://localhost/v1/kinds")
    assert len(answer.json["kinds"]) == 2
    answer = await host.ask("POST", "http://localhost/v1/actors/counter/bob/increment")
    assert answer.json == {"value": 1}


async def test_an_unforeseen_error_says_nothing_of_itself(
    host: Host, lane: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(host.runtime, "submit", broken)
    answer = await host.ask("POST", f"/v1/actors/counter/bob/increment{lane}")
    assert (answer.status, answer.code) == (500, "host-fault")
    assert b"secret" not in answer.body
    assert "a secret" in caplog.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_problem_leads_to_its_page(empty_host: Host, method: str) -> None:
    problem = await empty_host.ask("GET", "/v1/kinds/nobody")
    page = await empty_host.ask(method, problem.json["type"])
    assert page.status == 200
    assert page.headers["content-type"] == "text/markdown; charset=utf-8"
    assert page.body.startswith(b"# `kind-not-found`" if method == "GET" else b"")


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.code)
def test_every_error_has_a_page_in_the_package(error: type[KelpieError]) -> None:
    assert error_pages()[f"{error.code}.md"].startswith(f"# `{error.code}`".encode())


@pytest.mark.parametrize("name", ["nothing.md", "..%2Flimits.md", "%00"])
async def test_there_are_no_other_pages(empty_host: Host, name: str) -> None:
    assert (await empty_host.ask("GET", f"/docs/errors/{name}")).code == "not-found"
