"""Versions over HTTP: listing, going back, checking, and deploys that are strict."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from kelpie.access.caller import ANYBODY
from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import COUNTER, LEDGER, Host, running
from tests.guests.made import core_module

JSON = "application/json"


def module(*operations: dict[str, Any]) -> bytes:
    return core_module(manifest=json.dumps({"operations": operations}))


async def test_versions(host: Host) -> None:
    first = (await host.ask("GET", "/v1/kinds/counter/versions")).json
    assert first["more"] is False
    (only,) = first["versions"]
    assert (only["number"], only["current"]) == (1, True)
    assert only["operations"] == ["increment", "add", "get", "reset"]
    assert "kelpie:actor/state@0.1.0" in only["imports"]
    await host.deploy("counter", LEDGER)
    versions = (await host.ask("GET", "/v1/kinds/counter/versions")).json["versions"]
    assert [(each["number"], each["current"]) for each in versions] == [(2, True), (1, False)]
    page = (await host.ask("GET", "/v1/kinds/counter/versions?limit=1")).json
    assert ([each["number"] for each in page["versions"]], page["more"]) == ([2], True)
    page = (await host.ask("GET", "/v1/kinds/counter/versions?limit=1&before=2")).json
    assert ([each["number"] for each in page["versions"]], page["more"]) == ([1], False)
    old = (await host.ask("GET", "/v1/kinds/counter/versions/1")).json
    assert (old["number"], old["current"], old["digest"]) == (1, False, only["digest"])
    assert old["operations"][0]["name"] == "increment"
    now = await host.ask("GET", "/v1/kinds/counter/current")
    assert now.json == (await host.ask("GET", "/v1/kinds/counter")).json


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/v1/kinds/nobody/versions", 404, "kind-not-found"),
        ("/v1/kinds/nobody/versions/1", 404, "kind-not-found"),
        ("/v1/kinds/counter/versions/2", 404, "version-not-found"),
        ("/v1/kinds/counter/versions/0", 400, "invalid-request"),
        ("/v1/kinds/counter/versions/x", 400, "invalid-request"),
        ("/v1/kinds/counter/versions/%00", 400, "invalid-request"),
        (f"/v1/kinds/counter/versions/{'9' * 40}", 400, "invalid-request"),
        ("/v1/kinds/counter/versions/1/more", 404, "not-found"),
        ("/v1/kinds/counter/verzions", 404, "not-found"),
        ("/v1/kinds/counter/versions?limit=0", 400, "invalid-request"),
        ("/v1/kinds/counter/versions?limit=101", 400, "invalid-request"),
        ("/v1/kinds/counter/versions?before=-1", 400, "invalid-request"),
        ("/v1/kinds/counter/versions?after=1", 400, "invalid-request"),
        ("/v1/kinds/Counter/versions", 400, "invalid-address"),
        ("/v1/kinds/counter/versions?namespace=other", 404, "kind-not-found"),
    ],
)
async def test_bad_questions(host: Host, target: str, status: int, code: str) -> None:
    answer = await host.ask("GET", target)
    assert (answer.status, answer.code) == (status, code)


async def test_rolling_back(host: Host) -> None:
    for _ in range(3):
        await host.ask("POST", "/v1/actors/counter/bob/increment")
    first = (await host.ask("GET", "/v1/kinds/counter")).json
    await host.deploy("counter", LEDGER)
    failed = await host.ask("POST", "/v1/actors/counter/bob/increment")
    assert failed.status == 422
    back = await host.ask("POST", "/v1/kinds/counter/current")
    assert (back.status, back.json["number"], back.json["changed"]) == (201, 3, True)
    assert back.json["digest"] == first["digest"]
    assert "increment" in back.json["changes"]["added"]
    again = await host.ask("POST", "/v1/actors/counter/bob/increment")
    assert again.json == {"value": 4}
    wish = json.dumps({"version": 1}).encode()
    same = await host.ask("POST", "/v1/kinds/counter/current", wish, Content_Type=JSON)
    assert (same.status, same.json["number"], same.json["changed"]) == (200, 3, False)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"version": 1}', "text/plain", 415, "unsupported-media-type"),
        (b"{", JSON, 400, "invalid-request"),
        (b"[" * 1000, JSON, 400, "invalid-request"),
        (b"\xff", JSON, 400, "invalid-request"),
        (b"2", JSON, 400, "invalid-request"),
        (b"{}", JSON, 400, "invalid-request"),
        (b'{"version": true}', JSON, 400, "invalid-request"),
        (b'{"version": 0}', JSON, 400, "invalid-request"),
        (b'{"version": 1, "version": 2}', JSON, 400, "invalid-request"),
        (b'{"version": 1.0}', JSON, 400, "invalid-request"),
        (b'{"version": 1, "more": 1}', JSON, 400, "invalid-request"),
        (b'{"version": %s}' % (b"9" * 500), JSON, 400, "invalid-request"),
        (b'{"version": 2}', JSON, 404, "version-not-found"),
        (b"", JSON, 404, "version-not-found"),
        (b" " * 2000, JSON, 413, "payload-too-large"),
    ],
)
async def test_bad_rollbacks(
    host: Host, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = await host.ask("POST", "/v1/kinds/counter/current", body, Content_Type=content_type)
    assert (answer.status, answer.code) == (status, code)
    assert len((await host.ask("GET", "/v1/kinds/counter/versions")).json["versions"]) == 1


async def test_checking(empty_host: Host) -> None:
    host = empty_host
    upload = COUNTER.read_bytes()
    new = await host.ask("PUT", "/v1/kinds/counter?check=true", upload)
    assert (new.status, new.json["current"], new.json["changed"]) == (200, None, True)
    assert (await host.ask("GET", "/v1/kinds")).json == {"kinds": []}
    await host.deploy("counter", COUNTER)
    same = (await host.ask("PUT", "/v1/kinds/counter?check=true", upload)).json
    assert (same["current"], same["changed"]) == (1, False)
    assert "number" not in same
    other = (
        await host.ask("PUT", "/v1/kinds/counter?check=true&strict=false", LEDGER.read_bytes())
    ).json
    assert (other["current"], other["changed"]) == (1, True)
    assert "increment" in other["changes"]["removed"]
    assert other["imports"]
    assert (await host.ask("GET", "/v1/kinds/counter")).json["number"] == 1
    bad = await host.ask("PUT", "/v1/kinds/counter?check=true", b"hello")
    assert bad.code == "component-invalid"
    for query in ("check=maybe", "chekc=true", "check=true&check=true"):
        answer = await host.ask("PUT", f"/v1/kinds/counter?{query}", upload)
        assert (answer.status, answer.code) == (400, "invalid-request")


async def test_strict_deploys(empty_host: Host) -> None:
    host = empty_host
    amount = {"type": "object", "properties": {"amount": {"type": "integer"}}}
    await host.ask("PUT", "/v1/kinds/k", module({"name": "add", "argument": amount}))
    wider = {**amount, "properties": {"amount": {"type": "number"}, "by": {"type": "string"}}}
    grown = module({"name": "add", "argument": wider}, {"name": "get", "read_only": True})
    deployed = await host.ask("PUT", "/v1/kinds/k?strict=true", grown)
    assert (deployed.status, deployed.json["changes"]) == (
        201,
        {"added": ["get"], "removed": [], "narrowed": [], "imports": [], "batches_gone": False},
    )
    lesser = module({"name": "add", "argument": {**wider, "required": ["by"]}})
    for query in ("strict=true", "check=true&strict=true"):
        refused = await host.ask("PUT", f"/v1/kinds/k?{query}", lesser)
        assert (refused.status, refused.code) == (409, "deploy-breaking")
        assert refused.json["removed"] == ["get"]
        assert [each["operation"] for each in refused.json["narrowed"]] == ["add"]
        assert "'get' is gone" in refused.json["detail"]
    assert (await host.ask("GET", "/v1/kinds/k")).json["number"] == 2
    assert (await host.ask("PUT", "/v1/kinds/k", lesser)).status == 201


async def test_versions_survive_a_restart(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, versions_page_entries_max=1)
    async with running(tmp_path / "data", cache) as host:
        await host.deploy("counter", COUNTER)
        await host.deploy("counter", LEDGER)
    async with running(tmp_path / "data", cache, limits) as host:
        page = (await host.ask("GET", "/v1/kinds/counter/versions")).json
        assert ([each["number"] for each in page["versions"]], page["more"]) == ([2], True)
        assert (await host.ask("POST", "/v1/kinds/counter/current")).status == 201
        answer = await host.ask("POST", "/v1/actors/counter/bob/increment")
        assert answer.json == {"value": 1}


async def test_deleting(host: Host) -> None:
    await host.ask("POST", "/v1/actors/counter/bob/increment", Idempotency_Key="one")
    refused = await host.ask("DELETE", "/v1/kinds/counter")
    assert (refused.status, refused.code) == (409, "kind-in-use")
    counts = {"actors": 1, "with_state": 1, "with_kv": 0, "with_records": 1}
    counts |= {"with_messages": 0, "with_reminders": 0, "more": False}
    assert counts.items() <= refused.json.items()
    assert (await host.ask("GET", "/v1/kinds/counter")).status == 200
    await host.deploy("counter", LEDGER)

    deleted = await host.ask("DELETE", "/v1/kinds/counter?force=true")
    assert (deleted.status, deleted.json) == (
        200,
        {"namespace": "default", "kind": "counter", "deleted": True, "actors": 1},
    )
    for method, target in (
        ("POST", "/v1/actors/counter/bob/increment"),
        ("GET", "/v1/actors/counter/bob"),
        ("GET", "/v1/kinds/counter/versions"),
        ("POST", "/v1/kinds/counter/current"),
        ("DELETE", "/v1/kinds/counter"),
    ):
        assert (await host.ask(method, target)).code == "kind-not-found"
    again = await host.deploy("counter", COUNTER)
    assert (again.status, again.json["number"]) == (201, 3)
    versions = (await host.ask("GET", "/v1/kinds/counter/versions")).json["versions"]
    assert [each["number"] for each in versions] == [3]
    answer = await host.ask("POST", "/v1/actors/counter/bob/increment", Idempotency_Key="one")
    assert answer.json == {"value": 1}


async def test_deleting_what_holds_nothing(host: Host) -> None:
    assert (await host.ask("POST", "/v1/actors/counter/bob/get")).status == 200
    deleted = await host.ask("DELETE", "/v1/kinds/counter")
    assert (deleted.status, deleted.json["actors"]) == (200, 0)
    assert [each["kind"] for each in (await host.ask("GET", "/v1/kinds")).json["kinds"]] == [
        "rogue"
    ]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/v1/kinds/nobody", "kind-not-found"),
        ("/v1/kinds/Counter", "invalid-address"),
        ("/v1/kinds/counter?force=yes", "invalid-request"),
        ("/v1/kinds/counter?check=true", "invalid-request"),
        ("/v1/kinds/counter/versions/1", "method-not-allowed"),
    ],
)
async def test_bad_deletions(host: Host, target: str, code: str) -> None:
    assert (await host.ask("DELETE", target)).code == code
    assert (await host.ask("GET", "/v1/kinds/counter")).status == 200


async def test_a_reply_that_was_given_before_its_kind_is_deleted(host: Host) -> None:
    """It has a type all the same."""
    invocations = host.server.invocations
    segments = ["counter", "bob", "increment"]
    asked = invocations.ask(ANYBODY, "default", segments, CIMultiDict())
    reply = await invocations.submit(asked, None, b"")
    assert (await host.ask("DELETE", "/v1/kinds/counter?force=true")).status == 200
    assert invocations.reply_type(asked, reply) == "application/json"


async def test_calls_that_arrive_while_a_kind_is_deleted(host: Host) -> None:
    """Each is done before, and cleared, or refused; nothing is left of any."""
    targets = [f"/v1/actors/counter/{n % 20}/increment" for n in range(100)]
    calls = [asyncio.ensure_future(host.ask("POST", each)) for each in targets]
    await asyncio.sleep(0.05)
    deleted = await host.ask("DELETE", "/v1/kinds/counter?force=true")
    assert deleted.status == 200
    answers = await asyncio.gather(*calls)
    codes = {"done" if each.status == 200 else each.code for each in answers}
    assert codes <= {"done", "kind-not-found", "moved", "outcome-unknown"}
    await host.deploy("counter", COUNTER)
    for n in range(20):
        answer = await host.ask("POST", f"/v1/actors/counter/{n}/increment")
        assert answer.json == {"value": 1}
