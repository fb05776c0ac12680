"""Bodies that are sent and read as they come, both at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from kelpie.api.unreachable import HostUnreachable
from kelpie.errors import PayloadTooLarge
from tests.api.http_client.scripted import DONE, OK, Peer, asked

MIB = 1 << 20
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
REFUSED = b'{"code": "payload-too-large", "detail": "too much"}'
TOO_LARGE = (
    b"HTTP/1.1 413 x\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(REFUSED), REFUSED)
)


async def read_chunk(peer: Peer) -> bytes:
    size = int(await peer.reader.readline(), 16)
    return (await peer.reader.readexactly(size + 2))[:-2]


async def test_lines_are_answered_while_more_are_sent() -> None:
    answered: asyncio.Queue[bytes] = asyncio.Queue()

    async def script(peer: Peer) -> None:
        assert b"Transfer-Encoding: chunked" in await peer.request()
        await peer.say(CHUNKED)
        while line := await read_chunk(peer):
            await peer.say(b"%x\r\n%b\r\n" % (len(line), line))
        await peer.say(b"0\r\n\r\n")
        await peer.request()
        await peer.say(OK)

    async def lines() -> AsyncIterator[bytes]:
        for number in range(5):
            yield b'{"n": %d}\n' % number
            # The next one is made only when this one is answered.
            assert await answered.get() == b'{"n": %d}' % number

    async with asked(script) as (host, client):
        async for line in client.turn_lines(lines()):
            answered.put_nowait(line)
        assert await client.kinds() == []
        assert host.accepted == 1


async def test_it_is_told_how_much_is_sent() -> None:
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        got.append(await peer.request())
        await peer.say(DONE)

    upload, told = bytes(range(256)) * 4096, list[int]()
    async with asked(script) as (_, client):
        await client.ask("PUT", "/v1/kinds/counter", upload, {}, told.append)
    assert told == [*range(0, MIB, 256 * 1024), MIB]
    assert got[0].endswith(upload)
    assert b"chunked" not in got[0].partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize("read_bytes", [0, 1000])
async def test_an_answer_that_comes_before_all_is_sent(read_bytes: int) -> None:
    """The host has closed the connection, with much that it has not read."""

    async def script(peer: Peer) -> None:
        if read_bytes:
            await peer.reader.readexactly(read_bytes)
        await peer.say(TOO_LARGE)

    upload = bytes(32 * MIB)
    async with asked(script) as (_, client):
        for _ in range(10):
            with pytest.raises(PayloadTooLarge, match="too much"):
                await client.deploy("counter", upload, on_sent=lambda _: None)


async def test_a_body_that_fails_says_so_itself() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reader.read()

    async def lines() -> AsyncIterator[bytes]:
        yield b"{}\n"
        raise ZeroDivisionError("of the program's own")

    async with asked(script) as (_, client):
        with pytest.raises(ZeroDivisionError):
            async for _ in client.turn_lines(lines()):
                pass


async def test_a_body_ends_with_its_answer() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED + b"0\r\n\r\n")
        await peer.reader.read()

    ended = asyncio.Event()

    async def lines() -> AsyncIterator[bytes]:
        try:
            yield b"{}\n"
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with asked(script) as (_, client):
        assert [line async for line in client.turn_lines(lines())] == []
        await ended.wait()


async def test_nobody_reads_more_than_is_wanted() -> None:
    said = 0

    async def script(peer: Peer) -> None:
        nonlocal said
        await peer.request()
        await peer.say(CHUNKED)
        for _ in range(64):
            await peer.say(b"100000\r\n" + b"x" * MIB + b"\r\n")
            said += 1
        await peer.say(b"0\r\n\r\n")

    async with (
        asked(script) as (_, client),
        client.asking("GET", "/v1/bundles/a/b", b"", {}) as answer,
    ):
        pieces = answer.pieces()
        got = len(await anext(pieces))
        # However long it takes: it stops, for the system holds only so much.
        for _ in range(200):
            await asyncio.sleep(0.001)
        assert said < 64
        async for piece in pieces:
            got += len(piece)
        assert (said, got) == (64, 64 * MIB)


async def test_nobody_makes_more_than_can_be_sent() -> None:
    made, go = 0, asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await go.wait()
        while await read_chunk(peer):
            pass
        await peer.say(OK)

    async def lines() -> AsyncIterator[bytes]:
        nonlocal made
        for _ in range(64):
            made += 1
            yield b"x" * MIB

    async with asked(script) as (_, client):
        asking = client.turn_lines(lines())
        first = asyncio.ensure_future(anext(asking, None))
        for _ in range(200):
            await asyncio.sleep(0.001)
        assert 0 < made < 64
        go.set()
        await first
        assert made == 64


async def test_one_whose_reader_goes_away_was_perhaps_done() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.readexactly(1000)
        peer.break_off()

    async with asked(script) as (_, client):
        with pytest.raises(HostUnreachable) as found:
            await client.deploy("counter", bytes(32 * MIB), on_sent=lambda _: None)
        assert found.value.sent
