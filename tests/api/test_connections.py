"""What clients do to connections. Whatever it is, requests are answered right."""

from __future__ import annotations

import asyncio
import resource
import socket
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import COUNTER, ENDLESS_FUEL, ROGUE, Host, request, running

INCREMENT = request("POST", "/v1/actors/counter/bob/increment")
ECHO = "/v1/actors/rogue/bob/echo"


async def test_a_connection_stays_open(host: Host) -> None:
    async with host.wire() as wire:
        for value in range(1, 4):
            await wire.send(INCREMENT)
            assert (await wire.answer()).json == {"value": value}


async def test_many_may_come_while_the_host_is_busy(host: Host) -> None:
    """Their connections are there before the loop looks at one of them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    address = urlsplit(host.url).hostname, urlsplit(host.url).port
    come: list[socket.socket] = []
    try:
        # Nothing else runs in here meanwhile.
        for _ in range(1_200):
            come.append(socket.create_connection(address, timeout=2))  # noqa: PERF401
    finally:
        for each in come:
            each.close()


async def test_a_connection_changes_lanes(host: Host) -> None:
    """Hot, then something else, then what would be hot again."""
    async with host.wire() as wire:
        await wire.send(INCREMENT)
        assert (await wire.answer()).json == {"value": 1}
        await wire.send(request("GET", "/v1/kinds"))
        assert len((await wire.answer()).json["kinds"]) == 2
        await wire.send(INCREMENT)
        assert (await wire.answer()).json == {"value": 2}


@pytest.mark.parametrize("at", [1, 10, 60, len(INCREMENT) - 1])
async def test_a_head_in_pieces(host: Host, at: int) -> None:
    async with host.wire() as wire:
        await wire.send(INCREMENT)
        await wire.answer()
        await wire.send(INCREMENT[:at], INCREMENT[at:])
        assert (await wire.answer()).json == {"value": 2}


async def test_a_body_in_pieces(host: Host) -> None:
    whole = request("POST", ECHO, b"0123456789", Content_Type="text/plain")
    async with host.wire() as wire:
        await wire.send(whole[:-5], whole[-5:])
        assert (await wire.answer()).body == b"0123456789"


async def test_byte_by_byte(host: Host) -> None:
    async with host.wire() as wire:
        for byte in INCREMENT:
            wire.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        assert (await wire.answer()).json == {"value": 1}


@pytest.mark.parametrize("first", [1, 0], ids=["after-one", "at-once"])
async def test_pipelined_requests_are_answered_in_order(host: Host, first: int) -> None:
    async with host.wire() as wire:
        for _ in range(first):
            await wire.send(INCREMENT)
            await wire.answer()
        await wire.send(INCREMENT * 50)
        values = [(await wire.answer()).json["value"] for _ in range(50)]
        assert values == list(range(1 + first, 51 + first))


async def test_pipelined_one_by_one(host: Host) -> None:
    """Each arrives by itself while the one before is still being answered."""
    async with host.wire() as wire:
        for _ in range(50):
            wire.writer.write(INCREMENT)
            await asyncio.sleep(0)
        values = [(await wire.answer()).json["value"] for _ in range(50)]
        assert values == list(range(1, 51))


async def test_half_a_request_after_a_whole_one(host: Host) -> None:
    async with host.wire() as wire:
        await wire.send(INCREMENT + INCREMENT[:20], INCREMENT[20:])
        assert [(await wire.answer()).json["value"] for _ in range(2)] == [1, 2]


async def test_chunked_bodies(host: Host) -> None:
    head = request("POST", ECHO, Content_Type="text/plain", Transfer_Encoding="chunked")
    async with host.wire() as wire:
        await wire.send(head + b"3\r\nabc\r\n", b"4\r\ndefg\r\n", b"0\r\n\r\n")
        assert (await wire.answer()).body == b"abcdefg"
        await wire.send(head + b"2\r\nhi\r\n0\r\n\r\n")
        assert (await wire.answer()).body == b"hi"


@pytest.mark.parametrize("codings", [["gzip, chunked"], ["gzip", "chunked"], ["chunked, chunked"]])
async def test_other_transfer_codings_are_refused(host: Host, codings: list[str]) -> None:
    head = request("POST", ECHO, Content_Type="text/plain").removesuffix(b"\r\n")
    head += b"".join(f"Transfer-Encoding: {coding}\r\n".encode() for coding in codings)
    async with host.wire() as wire:
        await wire.send(head + b"\r\n3\r\nabc\r\n0\r\n\r\n")
        answer = await wire.answer()
    assert (answer.status, answer.code) == (400, "invalid-request")


async def test_a_client_that_waits_for_continue(host: Host) -> None:
    async with host.wire() as wire:
        head = request(
            "POST", ECHO, Content_Type="text/plain", Content_Length="5", Expect="100-continue"
        )
        await wire.send(head)
        assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await wire.send(b"hello")
        assert (await wire.answer()).body == b"hello"


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
async def test_connection_close(host: Host, version: str) -> None:
    async with host.wire() as wire:
        head = f"POST /v1/actors/counter/bob/increment {version}\r\nHost: localhost\r\n"
        if version == "HTTP/1.1":
            head += "Connection: close\r\n"
        await wire.send(head.encode() + b"\r\n")
        whole = await wire.reader.read()
        assert whole.endswith(b'{"value":1}')
        assert b" 200 OK\r\n" in whole


@pytest.mark.parametrize("lane", ["", "?namespace=default"])
async def test_a_client_that_closes_its_side_is_answered(host: Host, lane: str) -> None:
    async with host.wire() as wire:
        await wire.send(request("POST", f"/v1/actors/counter/bob/increment{lane}"))
        wire.writer.write_eof()
        assert (await wire.answer()).json == {"value": 1}
        assert await wire.is_closed()


async def test_a_client_that_closes_its_side_within_its_body(host: Host) -> None:
    async with host.wire() as wire:
        await wire.send(request("POST", ECHO, Content_Type="text/plain", Content_Length="5"))
        await wire.send(b"12")
        wire.writer.write_eof()
        assert (await wire.answer()).code == "invalid-request"
        assert await wire.is_closed()


@pytest.mark.parametrize("lane", ["", "?namespace=default"])
async def test_a_client_that_goes_away_does_not_stop_the_turn(host: Host, lane: str) -> None:
    async with host.wire() as wire:
        await wire.send(request("POST", f"/v1/actors/counter/bob/increment{lane}"))
        wire.writer.transport.abort()
    while await host.turns("counter", "bob") == 0:
        await asyncio.sleep(0.01)
    answer = await host.ask("POST", "/v1/actors/counter/bob/increment")
    assert answer.json == {"value": 2}


async def test_a_client_that_goes_away_within_its_body(host: Host) -> None:
    whole = request("POST", "/v1/actors/counter/bob/add", b"1" * 100, Content_Type="text/plain")
    async with host.wire() as wire:
        await wire.send(whole[:-50])
        wire.writer.transport.abort()
    assert (await host.ask("GET", "/livez")).status == 200
    assert await host.turns("counter", "bob") == 0


async def test_a_client_that_does_not_read_its_answers(host: Host) -> None:
    """Its answers wait; they are not piled up without bound, and not lost."""
    body = b'{"bytes": 1000000, "as": "text"}'
    one = request("POST", "/v1/actors/rogue/bob/reply", body, Content_Type="application/json")
    async with host.wire() as wire:
        wire.reader._limit = 1 << 16  # type: ignore[attr-defined]  # as a slow reader has it
        for _ in range(30):
            wire.writer.write(one)
            await asyncio.sleep(0.01)
        turns = (await host.ask("GET", "/v1/actors/rogue/bob")).json
        assert turns["queued"] <= 1
        for _ in range(30):
            assert len((await wire.answer()).body) == 1_000_000


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /v1/actors/counter/bob/increment HTTP/9.9\r\n\r\n",
        b"POST /v1/actors/counter/bob/increment HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET /livez HTTP/0.9\r\n\r\n",
        b"POST /v1/actors/counter/bob/increment HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: x\r\n" * 200 + b"\r\n",
    ],
    ids=lambda garbage: ascii(garbage[:30]),
)
@pytest.mark.parametrize("before", [b"", INCREMENT], ids=["first", "after-hot"])
async def test_what_is_no_http(host: Host, before: bytes, garbage: bytes) -> None:
    async with host.wire() as wire:
        if before:
            await wire.send(before)
            await wire.answer()
        await wire.send(garbage)
        answer = await wire.answer()
        assert (answer.status, answer.code) == (400, "invalid-request")
        assert await wire.is_closed()
    assert (await host.ask("GET", "/livez")).status == 200


@pytest.mark.parametrize("method", [b"BREW", b"PURGEX", b"M-TYPE"])
async def test_a_method_that_nobody_knows(host: Host, method: bytes) -> None:
    async with host.wire() as wire:
        await wire.send(method + b" /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = await wire.answer()
        assert (answer.status, answer.code) == (405, "method-not-allowed")
        assert method.decode() in answer.json["detail"]
        assert {"GET", "POST", "OPTIONS"} <= set(answer.headers["allow"].split(", "))
        assert await wire.is_closed()


async def test_nothing_else_can_be_expected(host: Host) -> None:
    sent = {"Expect": "a-miracle", "Content_Type": "text/plain"}
    answer = await host.ask("POST", ECHO, b"hello", **sent)
    assert (answer.status, answer.code) == (417, "expectation-failed")


@pytest.mark.parametrize(
    "target", ["/v1/actors/counter/bob/increment", "/v1/actors/counter/bob/increment?", "/livez"]
)
@pytest.mark.parametrize("alone", [True, False], ids=["first-alone", "all-at-once"])
async def test_who_has_asked_all_gets_all_answers(host: Host, target: str, alone: bool) -> None:
    """Its side of the connection is closed by then."""
    asked = request("GET" if target == "/livez" else "POST", target)
    async with host.wire() as wire:
        if alone:
            wire.writer.write(asked)
            await asyncio.sleep(0)
        wire.writer.write(asked * (2 if alone else 3))
        wire.writer.write_eof()
        for _ in range(3):
            assert (await wire.answer()).status == 200
        assert await wire.is_closed()


async def test_who_goes_away_in_a_body_is_answered_what_was_asked_before(host: Host) -> None:
    whole = request("GET", "/livez")
    part = request("POST", "/v1/actors/rogue/bob/echo", b"abc", Content_Type="text/plain")[:-1]
    async with host.wire() as wire:
        wire.writer.write(whole + part)
        wire.writer.write_eof()
        assert (await wire.answer()).status == 200
        assert (await wire.answer()).code == "invalid-request"
        assert await wire.is_closed()
    assert await host.turns("rogue", "bob") == 0


@pytest.mark.parametrize("sent", [b"", b"G", b"GET /livez HTTP/1.1\r\n", b"PUT / HTTP/1.1\r\n"])
async def test_who_has_asked_nothing_gets_nothing(host: Host, sent: bytes) -> None:
    async with host.wire() as wire:
        wire.writer.write(sent)
        wire.writer.write_eof()
        assert await wire.is_closed()


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("broken", [b"zz\r\n", b"1\r\n5\r\r\n\n0\r\n\r\n", b"-1\r\n\r\n"])
async def test_a_body_that_is_broken_in_the_middle(host: Host, method: str, broken: bytes) -> None:
    """It is answered at once, after what was asked before it, and once."""
    target = "/v1/kinds" if method == "GET" else "/v1/actors/rogue/bob/echo"
    head = request(method, target, Content_Type="text/plain", Transfer_Encoding="chunked")
    async with host.wire() as wire:
        await wire.send(request("GET", "/livez") + head + b"3\r\nabc\r\n", broken)
        assert (await wire.answer()).json == {"status": "live"}
        answer = await wire.answer()
        # Who needs no body answers without.
        assert answer.status == (400 if method == "POST" else 200)
        assert await wire.is_closed()


async def test_blank_lines_before_a_request(host: Host) -> None:
    async with host.wire() as wire:
        await wire.send(b"\r\n" + INCREMENT)
        assert (await wire.answer()).json == {"value": 1}


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
@pytest.mark.parametrize("lane", ["", "?namespace=default"])
async def test_a_body_over_the_limit(host: Host, declared: bool, lane: str) -> None:
    most = DEFAULT_LIMITS.payload_bytes_max
    async with host.wire() as wire:
        if declared:
            # Refused by its head alone: the body is never sent.
            head = request(
                "POST", ECHO + lane, Content_Type="text/plain", Content_Length=str(most + 1)
            )
            await wire.send(head)
        else:
            head = request(
                "POST", ECHO + lane, Content_Type="text/plain", Transfer_Encoding="chunked"
            )
            chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
            await wire.send(head + chunk * 5 + b"0\r\n\r\n")
        answer = await wire.answer()
        assert (answer.status, answer.code) == (413, "payload-too-large")


async def test_a_body_at_the_limit(host: Host) -> None:
    body = b"x" * DEFAULT_LIMITS.payload_bytes_max
    answer = await host.ask("POST", ECHO, body, Content_Type="text/plain")
    assert (answer.status, len(answer.body)) == (200, len(body))


async def test_a_body_that_does_not_come(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, http_body_ms_max=100)
    async with running(tmp_path / "data", cache, limits) as host:
        await host.deploy("rogue", ROGUE)
        async with host.wire() as wire:
            await wire.send(request("POST", ECHO, Content_Type="text/plain", Content_Length="5"))
            answer = await wire.answer()
            assert (answer.status, answer.code) == (408, "request-timeout")


@pytest.mark.parametrize("sent", [b"", INCREMENT[:30]], ids=["nothing", "half-a-head"])
async def test_idle_connections_are_closed(tmp_path: Path, cache: Path, sent: bytes) -> None:
    limits = replace(DEFAULT_LIMITS, http_idle_ms_max=100)
    async with running(tmp_path / "data", cache, limits) as host, host.wire() as wire:
        await wire.send(sent)
        assert await wire.is_closed()


async def test_too_many_connections(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, http_connections_max=2)
    async with running(tmp_path / "data", cache, limits) as host:
        async with host.wire() as one, host.wire() as two:
            await one.send(request("GET", "/livez"))
            assert (await one.answer()).status == 200
            await two.send(request("GET", "/livez"))
            assert (await two.answer()).status == 200
            async with host.wire() as three:
                assert await three.is_closed()
            await one.close()
            await two.close()
        while True:
            async with host.wire() as wire:
                await wire.send(request("GET", "/livez"))
                if not await wire.is_closed():
                    break


async def test_too_much_that_arrives_at_once(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, http_arriving_bytes_max=1000)
    async with running(tmp_path / "data", cache, limits) as host:
        answer = await host.deploy("counter", COUNTER)
        assert (answer.status, answer.code) == (429, "overloaded")
        assert int(answer.headers["retry-after"]) >= 1


async def test_draining(tmp_path: Path, cache: Path) -> None:
    async with running(tmp_path / "data", cache, ENDLESS_FUEL) as host:
        await host.deploy("counter", COUNTER)
        await host.deploy("rogue", ROGUE)
        spin = request("POST", "/v1/actors/rogue/bob/spin", Kelpie_Deadline_Ms="400")
        async with host.wire() as busy, host.wire() as hot, host.wire() as full:
            for wire in (hot, full):
                await wire.send(INCREMENT)
                await wire.answer()
            await full.send(request("GET", "/readyz"))
            assert (await full.answer()).status == 200
            await busy.send(spin)
            await asyncio.sleep(0.05)
            draining = asyncio.create_task(host.runtime.drain())
            await asyncio.sleep(0)
            await hot.send(INCREMENT)
            assert (await hot.answer()).code == "draining"
            await full.send(request("GET", "/readyz"))
            answer = await full.answer()
            assert (answer.status, answer.code) == (503, "draining")
            assert (await busy.answer()).code == "deadline-exceeded"
            await draining
            await host.server.stop()
            for wire in (busy, hot, full):
                assert await wire.is_closed()
