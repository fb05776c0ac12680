"""Durable turns in flight, over HTTP and by the commands that ask for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from kelpie.access.roles import Role
from kelpie.runtime.requests.calls import Calls
from tests.api.support import Answer, Host, bearer
from tests.cli.host import LEDGER, kelpie

ROUNDS = LEDGER.with_name("rounds.wasm")


@pytest.fixture
async def host(empty_host: Host) -> Host:
    assert (await empty_host.deploy("rounds", ROUNDS)).status == 201
    return empty_host


@pytest.fixture
def zed(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Event]:
    """Zed answers no call until this is set."""
    answers, original = asyncio.Event(), Calls._attempt

    async def attempt(self: Calls, envelope: Any, wait: Any) -> Any:
        if envelope.target.key == "zed":
            await answers.wait()
        return await original(self, envelope, wait)

    monkeypatch.setattr(Calls, "_attempt", attempt)
    yield answers
    answers.set()


def go_round(host: Host, visitor: str) -> asyncio.Task[Answer]:
    """Visits bob, and then zed."""
    body = json.dumps({"to": ["bob", "zed"]}).encode()
    headers = {"Content_Type": "application/json", "Idempotency_Key": visitor}
    path = f"/v1/actors/rounds/{quote(visitor, safe='')}/round"
    work = host.ask("POST", path, body, **headers)
    return asyncio.get_running_loop().create_task(work)


async def until_in_flight(host: Host, count: int) -> list[dict[str, Any]]:
    """Waits until so many have visited bob."""
    async with asyncio.timeout(60):
        while True:
            turns: list[dict[str, Any]] = (await host.ask("GET", "/v1/turns")).json["turns"]
            if [each["calls"] for each in turns] == [2] * count:
                return turns


async def test_they_are_listed_page_by_page(host: Host, zed: asyncio.Event) -> None:
    asked = [go_round(host, visitor) for visitor in ("ann", "cid/1")]
    first, second = await until_in_flight(host, 2)
    told = {name: first[name] for name in ("namespace", "kind", "key", "operation", "request_id")}
    assert told == {
        "namespace": "default",
        "kind": "rounds",
        "key": "ann",
        "operation": "round",
        "request_id": "ann",
    }
    assert (first["turn"], first["version"]) == (1, 1)
    assert first["bytes"] > 0
    page = (await host.ask("GET", "/v1/turns?kind=rounds&limit=1")).json
    assert ([each["key"] for each in page["turns"]], page["after"]) == (["ann"], "rounds/ann")
    page = (await host.ask("GET", "/v1/turns?limit=1&after=rounds/ann")).json
    assert ([each["key"] for each in page["turns"]], page["after"]) == (["cid/1"], None)
    assert second["key"] == "cid/1"
    for query, code in (("kind=none", "kind-not-found"), ("after=bad", "invalid-request")):
        assert (await host.ask("GET", f"/v1/turns?{query}")).json["code"] == code
    zed.set()
    assert [(await each).status for each in asked] == [200, 200]
    assert (await host.ask("GET", "/v1/turns")).json == {"turns": [], "after": None}


async def test_one_is_ended(host: Host, zed: asyncio.Event) -> None:
    asked = go_round(host, "ann")
    await until_in_flight(host, 1)
    other = await host.ask("DELETE", "/v1/turns/rounds/ann?turn=7")
    assert (other.status, other.json["code"]) == (404, "turn-not-in-flight")
    ended = await host.ask("DELETE", "/v1/turns/rounds/ann?turn=1")
    assert ended.json == {
        "namespace": "default",
        "kind": "rounds",
        "key": "ann",
        "turn": 1,
        "cancelled": True,
    }
    for each in (await asked, await go_round(host, "ann")):
        assert (each.status, each.json["rejection"]) == (422, "turn-cancelled")
    (entry, *_) = (await host.ask("GET", "/v1/audit")).json["entries"]
    assert (entry["action"], entry["subject"], entry["outcome"]) == (
        "cancel-turn",
        "rounds/ann",
        "done",
    )
    seen = await host.ask("POST", "/v1/actors/rounds/bob/seen")
    assert seen.json == {"visits": 1, "rounds": 0}
    zed.set()


async def test_who_may(host: Host, zed: asyncio.Event) -> None:
    admin, invoke, read = [
        bearer(await host.token(name, role))
        for name, role in (("a", Role.ADMIN), ("i", Role.INVOKE), ("r", Role.READ))
    ]
    for who, listed, ended in ((invoke, 403, 403), (read, 200, 403), (admin, 200, 404)):
        assert (await host.ask("GET", "/v1/turns", **who)).status == listed
        assert (await host.ask("DELETE", "/v1/turns/rounds/ann", **who)).status == ended
    zed.set()


async def test_by_commands(host: Host, zed: asyncio.Event) -> None:
    asked = go_round(host, "ann")
    await until_in_flight(host, 1)
    done = await asyncio.to_thread(kelpie, "turns", "rounds", url=host.url)
    assert done.returncode == 0, done.stderr
    head, row = done.stdout.splitlines()
    assert head.split() == ["ACTOR", "TURN", "OPERATION", "VERSION", "AGE", "CALLS", "SIZE"]
    assert row.split()[:4] == ["rounds/ann", "1", "round", "1"]
    assert "kelpie cancel rounds/ann" in done.stderr
    done = await asyncio.to_thread(kelpie, "turns", "-o", "json", url=host.url)
    assert json.loads(done.stdout)["turns"][0]["calls"] == 2
    done = await asyncio.to_thread(kelpie, "cancel", "rounds/ann", "--turn", "1", url=host.url)
    assert (done.returncode, done.stdout) == (0, "cancelled turn 1 of rounds/ann\n")
    assert (await asked).status == 422
    done = await asyncio.to_thread(kelpie, "turns", url=host.url)
    assert (done.stdout, done.stderr) == ("", "no durable turn is in flight\n")
    done = await asyncio.to_thread(kelpie, "cancel", "rounds/ann", url=host.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "turn-not-in-flight" in done.stderr
    zed.set()
