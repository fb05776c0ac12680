"""What a client makes of answers: right ones, wrong ones, and those that are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from kelpie.api.client import Client
from kelpie.api.exchanges import Exchanges
from kelpie.api.unreachable import HostUnreachable
from kelpie.env.program import ProgramEnv
from kelpie.errors import HostFault, KindNotFound
from kelpie.limits import DEFAULT_LIMITS
from tests.api.http_client.scripted import OK, Peer, asked, scripted

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKS = b'4\r\n{"ki\r\n9;more=1\r\nnds": []}\r\n0\r\nTrailer: x\r\n\r\n'


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (OK, True),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS, True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + OK, True),
        (OK.replace(b"200 OK", b"200"), True),
        (OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), False),
        (OK.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
        (HEAD + b'\r\n{"kinds": []}', False),
    ],
    ids=["length", "chunked", "informational", "no reason", "closing", "1.0", "until the end"],
)
@pytest.mark.parametrize("piece_bytes", [1, 1 << 20], ids=["byte by byte", "at once"])
async def test_right_ones(answer: bytes, kept: bool, piece_bytes: int) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            for begin in range(0, len(answer), piece_bytes):
                await peer.say(answer[begin : begin + piece_bytes])
            if not kept:
                return

    async with asked(script) as (host, client):
        for _ in range(3):
            assert await client.kinds() == []
        assert host.accepted == (1 if kept else 3)


@pytest.mark.parametrize("status", [204, 304])
async def test_those_without_a_body(status: int) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 %d x\r\nContent-Length: 5\r\n\r\n" % status)
        await peer.request()
        await peer.say(OK)

    async with asked(script) as (host, client):
        with pytest.raises(HostFault):
            await client.kinds()
        assert await client.kinds() == []
        assert host.accepted == 1


async def test_to_head_none_has_a_body() -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say(OK.partition(b"{")[0])

    async with asked(script) as (_, client):
        for _ in range(2):
            async with client.asking("HEAD", "/v1/kinds", b"", {}) as answer:
                assert answer.headers["content-length"] == "13"
                assert await answer.read() == b""


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "went away"),
        (b"HTTP/1.1 200", "in the middle of"),
        (OK[:-1], "in the middle of"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", "in the middle of"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "in the middle of"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "speaks no HTTP"),
        (b"\x15\x03\x03\x00\x02\x02\x16", "speaks no HTTP"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "speaks no HTTP"),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "speaks no HTTP"),
        (HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n", "client_head_bytes_max"),
        (HEAD + b"X: y\r\n" * 20_000 + b"\r\n", "client_head_bytes_max"),
        (b"HTTP/1.1 102 Wait\r\n\r\n" * 5_000, "client_head_bytes_max"),
        (b"HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "speaks no HTTP"),
    ],
)
async def test_wrong_ones(answer: bytes, told: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer)

    async with asked(script) as (host, client):
        with pytest.raises(HostUnreachable, match=told) as found:
            await client.call("counter", "a", "add", 1)
        assert (found.value.sent, found.value.answers) == (True, False)
        assert host.accepted == 1


async def test_one_that_is_cut_off_is_none_also_for_who_has_read_of_it() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(HEAD + b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"a":1}\r\n1\r\n\n\r\n')
        await peer.reader.read(1)
        peer.break_off()

    async with asked(script) as (_, client):
        stopped: list[bool] = []
        lines = client.turn_lines(_pieces_until(stopped))
        assert await anext(lines) == b'{"a":1}'
        stopped.append(True)
        with pytest.raises(HostUnreachable):
            await anext(lines)


async def _pieces_until(stopped: list[bool]) -> AsyncIterator[bytes]:
    while not stopped:
        yield b""
        await asyncio.sleep(0.01)
    yield b"x\n"


@pytest.mark.parametrize("behind", [OK, b"junk"])
async def test_what_comes_behind_one_is_not_taken_for_the_next(behind: bytes) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say(OK + behind.replace(b"[]", b"[7]"))

    async with asked(script) as (host, client):
        for _ in range(3):
            assert await client.kinds() == []
        assert host.accepted == 3


async def test_a_redirect_is_not_followed() -> None:
    async def script(peer: Peer) -> None:
        assert b"/v1/kinds" in await peer.request()
        await peer.say(b"HTTP/1.1 302 x\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")

    async with asked(script) as (host, client):
        with pytest.raises(HostFault, match="302"):
            await client.kinds()
        assert host.accepted == 1


@pytest.mark.parametrize("body", [b"no JSON", b"[1]", b"[" * 100_000])
@pytest.mark.parametrize("head", [HEAD, HEAD.replace(b"application/", b"application/problem+")])
async def test_one_that_no_host_gives(head: bytes, body: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async with asked(script) as (_, client):
        with pytest.raises(HostFault, match="as no Kelpie host does"):
            await client.kinds()


async def test_an_error_keeps_the_connection() -> None:
    problem = b'{"code": "kind-not-found", "detail": "none"}'
    head = b"HTTP/1.1 404 x\r\nContent-Type: application/problem+json\r\nKelpie-Request-Id: me\r\n"

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say(head + b"Content-Length: %d\r\n\r\n" % len(problem) + problem)

    async with scripted(script) as host, Client(host.url) as client:
        for _ in range(3):
            with pytest.raises(KindNotFound, match="none") as found:
                await client.kind("x")
            assert found.value.details["request_id"] == "me"
        assert host.accepted == 1


@pytest.mark.parametrize(
    ("method", "limit"),
    [("GET", "client_silence_ms_max"), ("POST", "client_change_silence_ms_max")],
)
@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\n", HEAD + b"\r\n{"])
async def test_nobody_waits_for_a_host_that_is_silent(
    begun: bytes, method: str, limit: str
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(begun)
        await peer.reader.read()

    limits = replace(DEFAULT_LIMITS, **{limit: 50})
    async with scripted(script) as host:
        exchanges = Exchanges(ProgramEnv(), host.url, None, limits)
        exchanges.open(None)
        with pytest.raises(HostUnreachable, match="did not answer in time") as found:
            async with exchanges.asking(method, "/", {}, b"") as answer:
                await answer.read()
        assert found.value.sent
        await exchanges.close()


async def test_nobody_waits_for_a_host_that_takes_no_more_of_an_upload() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(10)

    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 20)

    limits = replace(DEFAULT_LIMITS, client_change_silence_ms_max=200)
    async with scripted(script) as host:
        exchanges = Exchanges(ProgramEnv(), host.url, None, limits)
        exchanges.open(None)
        with pytest.raises(HostUnreachable, match="did not answer in time"):
            async with exchanges.asking("PUT", "/", {}, pieces()):
                pass
        await exchanges.close()


async def test_a_host_that_takes_what_it_is_sent_is_not_silent() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        while await peer.reader.readline() != b"0\r\n":
            pass
        await peer.say(HEAD + b"Content-Length: 2\r\n\r\n{}")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(8):
            await asyncio.sleep(0.05)
            yield b"piece\n"

    limits = replace(DEFAULT_LIMITS, client_change_silence_ms_max=200)
    async with scripted(script) as host:
        exchanges = Exchanges(ProgramEnv(), host.url, None, limits)
        exchanges.open(None)
        async with exchanges.asking("PUT", "/", {}, pieces()) as answer:
            assert await answer.read() == b"{}"
        await exchanges.close()


@pytest.mark.parametrize("by_lines", [False, True])
async def test_one_that_does_not_end_is_not_read_to_its_end(by_lines: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(HEAD + b"\r\n{}\n")
        while True:
            await peer.say(b" " * 65_536)

    limits = replace(DEFAULT_LIMITS, client_answer_bytes_max=1 << 20)
    async with scripted(script) as host:
        exchanges = Exchanges(ProgramEnv(), host.url, None, limits)
        exchanges.open(None)
        with pytest.raises(HostFault, match=r"1048576 bytes \(client_answer_bytes_max\)"):
            async with exchanges.asking("GET", "/", {}, b"") as answer:
                await (_last(answer.lines()) if by_lines else answer.read())
        await exchanges.close()


async def _last(lines: AsyncIterator[bytes]) -> bytes:
    return [line async for line in lines][-1]


async def test_lines_that_come_in_any_pieces() -> None:
    body = b"one\n\ntwo\nthree\nno end"

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(HEAD + b"\r\n")
        for begin in range(0, len(body), 3):
            await peer.say(body[begin : begin + 3])
            await asyncio.sleep(0)

    async with asked(script) as (_, client):
        got = [line async for line in client.turn_lines(_pieces_until([True]))]
        assert got == [b"one", b"", b"two", b"three"]
