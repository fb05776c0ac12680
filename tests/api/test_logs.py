"""What actors say, over HTTP."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kelpie.access.roles import Role
from kelpie.api.client import Client
from kelpie.ids import text
from kelpie.limits import DEFAULT_LIMITS, KIB
from tests.api.support import ROGUE, Host, Wire, bearer, request, running

SECONDS_MAX = 30


async def say(host: Host, key: str = "a", **told: object) -> str:
    """Has an actor log something; the request's id."""
    answer = await host.ask(
        "POST",
        f"/v1/actors/rogue/{key}/log",
        json.dumps(told).encode(),
        Content_Type="application/json",
    )
    assert answer.status == 200, answer.body
    return answer.headers["kelpie-request-id"]


async def shown(host: Host, query: str = "") -> list[dict[str, Any]]:
    async with host.wire() as wire:
        await wire.send(request("GET", f"/v1/logs{query}"))
        await head(wire)
        return [line async for line in Chunks(wire)]


async def head(wire: Wire) -> None:
    told = await wire.reader.readuntil(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Type: application/x-ndjson\r\n" in told


class Chunks:
    """The lines of a chunked body, each once it has come; None for a sign of life."""

    def __init__(self, wire: Wire) -> None:
        self._reader = wire.reader
        self._rest = b""

    def __aiter__(self) -> Chunks:
        return self

    async def __anext__(self) -> Any:
        async with asyncio.timeout(SECONDS_MAX):
            while b"\n" not in self._rest:
                size = int(await self._reader.readline(), 16)
                chunk = (await self._reader.readexactly(size + 2))[:-2]
                if not size:
                    raise StopAsyncIteration
                self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line) if line else None


async def test_lines_as_they_were_said(host: Host) -> None:
    request_id = await say(host, message="first", level="debug", lines=2)
    await say(host, message="über\n☃", level="warn")
    lines = await shown(host)
    assert [line["message"] for line in lines] == ["first", "first", "über\n☃"]
    assert [line["level"] for line in lines] == ["debug", "debug", "warning"]
    time = lines[0].pop("time")
    assert time.endswith("Z")
    assert lines[0] == {
        "level": "debug",
        "actor": "default/rogue/a",
        "turn": 1,
        "request_id": request_id,
        "message": "first",
    }


async def test_what_is_asked_for(host: Host) -> None:
    await say(host, "a", message="one")
    await say(host, "a%2Fb", message="two", level="error")
    for query, found in (
        ("?kind=rogue", ["one", "two"]),
        ("?kind=counter", []),
        ("?namespace=other", []),
        ("?kind=rogue&key=a%2Fb", ["two"]),
        ("?level=warning", ["two"]),
        ("?last=1", ["two"]),
        ("?last=0", []),
        ("?since=1h", ["one", "two"]),
        ("?since=0s", []),
        ("?since=2000-01-01T00:00:00Z", ["one", "two"]),
        ("?since=2500-01-01T00:00:00%2B02:00", []),
        ("?follow=false", ["one", "two"]),
    ):
        assert [line["message"] for line in await shown(host, query)] == found, query


async def test_a_trap_is_told(host: Host) -> None:
    answer = await host.ask(
        "POST",
        "/v1/actors/rogue/a/trap",
        b'{"how":"unreachable"}',
        Content_Type="application/json",
    )
    assert answer.code == "guest-trapped"
    (line,) = await shown(host, "?kind=rogue&key=a")
    assert line["level"] == "warning"
    assert "wasm" in line["message"]


@pytest.mark.parametrize(
    ("query", "status", "code", "told"),
    [
        ("?key=a", 400, "invalid-request", "give the kind as well"),
        ("?kind=rouge", 404, "kind-not-found", "did you mean 'rogue'"),
        ("?kind=Rogue", 400, "invalid-address", "no name for a kind"),
        ("?kind=rogue&key=", 400, "invalid-address", "key"),
        ("?level=warn", 400, "invalid-request", "debug, info, warning, error"),
        ("?since=soon", 400, "invalid-request", "90s"),
        ("?since=2026-01-01T00:00:00", 400, "invalid-request", "offset"),
        ("?since=99999999999999d", 400, "invalid-request", "90s"),
        ("?last=-1", 400, "invalid-request", "last"),
        ("?follow=yes", 400, "invalid-request", "true or false"),
        ("?tail=3", 400, "invalid-request", "'last' and 'level'"),
    ],
)
async def test_what_cannot_be_asked(
    host: Host, query: str, status: int, code: str, told: str
) -> None:
    answer = await host.ask("GET", f"/v1/logs{query}")
    assert (answer.status, answer.code) == (status, code)
    assert told in answer.json["detail"]


async def test_head_follows_nothing(host: Host) -> None:
    async with host.wire() as wire:
        await wire.send(request("HEAD", "/v1/logs?follow=true"), request("GET", "/livez"))
        await head(wire)
        assert (await wire.answer()).status == 200


async def test_following(host: Host) -> None:
    await say(host, message="before")
    async with host.wire() as wire:
        await wire.send(request("GET", "/v1/logs?kind=rogue&key=a&follow=true"))
        await head(wire)
        lines = Chunks(wire)
        assert (await anext(lines))["message"] == "before"
        await say(host, "b", message="another's")
        await say(host, message="after")
        assert (await anext(lines))["message"] == "after"
        await host.runtime.drain()
        await host.server.stop()
        assert [line async for line in lines] == []


async def test_who_goes_away_is_let_go(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, line_followers_max=1)
    async with running(tmp_path / "data", cache, limits) as host:
        for _ in range(3):
            async with host.wire() as wire:
                await wire.send(request("GET", "/v1/logs?follow=true"))
                await head(wire)
                assert (await host.ask("GET", "/v1/logs?follow=true")).code == "overloaded"
            async with asyncio.timeout(SECONDS_MAX):
                while (await host.ask("HEAD", "/v1/logs?follow=true")).status != 200:
                    await asyncio.sleep(0.01)


async def test_who_closes_its_side_gets_what_there_is(host: Host) -> None:
    await say(host, message="before")
    async with host.wire() as wire:
        await wire.send(request("GET", "/v1/logs?follow=true"))
        wire.writer.write_eof()
        await head(wire)
        assert [line["message"] async for line in Chunks(wire)] == ["before"]
        assert await wire.is_closed()


async def test_a_host_ends_also_if_somebody_does_not_read(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, http_close_ms_max=50)
    async with running(tmp_path / "data", cache, limits) as host:
        assert (await host.deploy("rogue", ROGUE)).status == 201
        async with host.wire() as wire:
            await wire.send(request("GET", "/v1/logs?follow=true"))
            await head(wire)
            for _ in range(60):
                await say(host, lines=20, bytes=12_000)
            async with asyncio.timeout(SECONDS_MAX):
                await host.runtime.drain()
                await host.server.stop()


async def test_silence_has_signs_of_life(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, line_heartbeat_ms=1)
    async with running(tmp_path / "data", cache, limits) as host, host.wire() as wire:
        await wire.send(request("GET", "/v1/logs?follow=true"))
        await head(wire)
        lines = Chunks(wire)
        assert [await anext(lines) for _ in range(3)] == [None] * 3


async def test_who_does_not_read_holds_up_nobody(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, line_follower_bytes_max=64 * KIB)
    async with running(tmp_path / "data", cache, limits) as host:
        assert (await host.deploy("rogue", ROGUE)).status == 201
        async with host.wire() as wire:
            await wire.send(request("GET", "/v1/logs?follow=true"))
            await head(wire)
            # More than the sockets of both sides take.
            for _ in range(60):
                await say(host, lines=20, bytes=12_000)
            lines, told, lost = Chunks(wire), 0, 0
            while told + lost < 1200:
                line = await anext(lines)
                told += "message" in line
                lost += line.get("lost", 0)
            assert told + lost == 1200
            assert lost > 0
            await say(host, message="and then")
            assert (await anext(lines))["message"] == "and then"


@pytest.mark.parametrize("silent", [True, False])
async def test_a_follower_ends_with_its_token(tmp_path: Path, cache: Path, silent: bool) -> None:
    limits = replace(DEFAULT_LIMITS, line_heartbeat_ms=20 if silent else 60_000)
    async with running(tmp_path / "data", cache, limits) as host:
        assert (await host.deploy("rogue", ROGUE)).status == 201
        admin, ops = await host.token("root", Role.ADMIN), await host.token("ops", Role.READ)
        async with host.wire() as wire:
            await wire.send(request("GET", "/v1/logs?follow=true", **bearer(ops)))
            await head(wire)
            assert (await host.ask("DELETE", "/v1/tokens/ops", **bearer(admin))).status == 200
            if not silent:
                said = b'{"message": "secret"}'
                headers = {"Content_Type": "application/json", **bearer(admin)}
                await host.ask("POST", "/v1/actors/rogue/a/log", said, **headers)
            told = [line async for line in Chunks(wire) if line is not None]
        assert told == [{"ended": "the token was revoked or has expired"}]


async def test_a_follower_ends_when_its_token_expires(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, line_heartbeat_ms=20)
    async with running(tmp_path / "data", cache, limits) as host:
        await host.token("root", Role.ADMIN)
        soon = host.env.wall_ns() + 300_000_000
        ops = await host.token("ops", Role.READ, expires_at_ns=soon)
        async with host.wire() as wire:
            await wire.send(request("GET", "/v1/logs?follow=true", **bearer(ops)))
            await head(wire)
            told = [line async for line in Chunks(wire) if line is not None]
        assert [list(line) for line in told] == [["ended"]]
        assert host.env.wall_ns() >= soon


async def test_one_token_leaves_places_for_others(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, line_followers_max=3, line_followers_of_principal_max=2)
    async with running(tmp_path / "data", cache, limits) as host:
        tokens = [await host.token("root", Role.ADMIN), await host.token("ops", Role.READ)]
        async with host.wire() as one, host.wire() as two:
            for wire in (one, two):
                await wire.send(request("GET", "/v1/logs?follow=true", **bearer(tokens[1])))
                await head(wire)
            refused = await host.ask("GET", "/v1/logs?follow=true", **bearer(tokens[1]))
            assert (refused.status, refused.code) == (429, "overloaded")
            assert "line_followers_of_principal_max" in refused.json["detail"]
            other = await host.ask("HEAD", "/v1/logs?follow=true", **bearer(tokens[0]))
            assert other.status == 200


async def test_the_client(host: Host) -> None:
    async with Client(host.url) as client:
        argument = text(json.dumps({"bytes": 16_000, "lines": 10, "level": "info"}))
        await client.invoke("rogue", "a", "log", argument, is_json=True)
        lines = [line async for line in client.lines("rogue", "a", since="1h", level="info")]
        assert [len(line["message"]) for line in lines] == [16_000] * 10
        assert len([line async for line in client.lines(last=3)]) == 3
