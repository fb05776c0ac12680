"""Connections of a client: kept, noticed when they are gone, and never too many."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, suppress
from dataclasses import replace

import pytest

from kelpie.api.certificates import trusting
from kelpie.api.client import Client
from kelpie.api.exchanges import Exchanges
from kelpie.api.unreachable import HostUnreachable
from kelpie.env.connecting import _address
from kelpie.env.program import ProgramEnv
from kelpie.errors import InvalidRequest
from kelpie.limits import DEFAULT_LIMITS
from tests.api.http_client.scripted import OK, Peer, asked, scripted


async def answer_all(peer: Peer) -> None:
    while await peer.request():
        await peer.say(OK)


async def test_they_are_kept() -> None:
    async with asked(answer_all) as (host, client):
        for _ in range(5):
            assert await client.kinds() == []
        assert host.accepted == 1
        await asyncio.gather(*(client.kinds() for _ in range(5)))
        assert host.accepted == 5


async def test_without_a_block_there_are_none() -> None:
    async with scripted(answer_all) as host:
        with pytest.raises(RuntimeError, match="async with"):
            await Client(host.url).kinds()
        assert host.accepted == 0


async def test_one_that_is_idle_for_long_is_not_used_again() -> None:
    limits = replace(DEFAULT_LIMITS, client_idle_ms_max=1)
    async with scripted(answer_all) as host:
        exchanges = Exchanges(ProgramEnv(), host.url, None, limits)
        exchanges.open(None)
        for _ in range(2):
            async with exchanges.asking("GET", "/", {}, b"") as answer:
                await answer.read()
            await asyncio.sleep(0.01)
        assert host.accepted == 2
        await exchanges.close()


async def test_when_there_are_as_many_as_may_be_others_wait() -> None:
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        while await peer.request():
            await go.wait()
            await peer.say(OK)

    limits = replace(DEFAULT_LIMITS, client_connections_max=2)
    async with scripted(script) as host:
        exchanges = Exchanges(ProgramEnv(), host.url, None, limits)
        exchanges.open(None)

        async def ask() -> bytes:
            async with exchanges.asking("POST", "/", {}, b"x") as answer:
                return await answer.read()

        asking = [asyncio.ensure_future(ask()) for _ in range(5)]
        while host.accepted < 2:
            await asyncio.sleep(0.001)
        # One that waits, and one that is asked, may give up; none loses its place.
        asking[1].cancel()
        asking[3].cancel()
        go.set()
        done = await asyncio.gather(*asking, return_exceptions=True)
        assert [isinstance(each, bytes) for each in done] == [True, False, True, False, True]
        assert host.open_max == 2
        await exchanges.close()


@pytest.mark.parametrize("how", ["end", "break"])
async def test_one_that_the_host_has_closed_is_noticed(how: str) -> None:
    ended = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        if how == "break":
            peer.break_off()
        else:
            peer.writer.close()
        ended.set()

    async with asked(script) as (host, client):
        for asked_before in range(3):
            ended.clear()
            assert host.accepted == asked_before
            async with client.asking("POST", "/", b"x", {}) as answer:
                await answer.read()
            # No further step of the loop: what it does not know yet is noticed, too.
            await ended.wait()


async def test_a_late_word_on_one_that_is_idle_is_no_answer() -> None:
    said = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await said.wait()
        await peer.say(OK.replace(b"[]", b"[7]"))
        await peer.request()

    async with asked(script) as (host, client):
        assert await client.kinds() == []
        said.set()
        await asyncio.sleep(0.01)
        assert await client.kinds() == []
        assert host.accepted == 2


async def test_what_may_have_been_done_is_not_asked_again() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.say(OK)
        seen.append(await peer.request())

    async with asked(script) as (_, client):
        assert await client.kinds() == []
        with pytest.raises(HostUnreachable, match="went away") as found:
            await client.delete_kind("counter")
        assert found.value.sent
        assert [each[:6] for each in seen] == [b"GET /v", b"DELETE"]


async def test_what_only_reads_is_asked_on_another_one() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.say(OK)
        seen.append(await peer.request())

    async with asked(script) as (host, client):
        assert await client.kinds() == []
        assert await client.kinds() == []
        assert len(seen) >= 3
        assert host.accepted == 2


async def test_who_gives_up_closes_it() -> None:
    asked_for, gone = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked_for.set()
        assert await peer.reader.read() == b""
        gone.set()

    async with asked(script) as (_, client):
        asking = asyncio.ensure_future(client.call("counter", "a", "add", 1))
        await asked_for.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await gone.wait()


async def test_a_client_that_was_closed_asks_nothing_again() -> None:
    asked_for = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked_for.set()
        await peer.reader.read()

    again: list[object] = []
    async with scripted(script) as host:
        async with Client(host.url, on_retry=again.append) as client:
            asking = asyncio.ensure_future(client.call("counter", "a", "add", 1))
            await asked_for.wait()
        with pytest.raises(HostUnreachable, match="client was closed before") as found:
            await asking
        assert found.value.sent
        with pytest.raises(HostUnreachable, match="client was closed") as found:
            await client.call("counter", "a", "add", 1)
        assert not found.value.sent
    assert again == []


async def test_who_has_read_enough_closes_it() -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{"lost": 1}\n\r\n'
        )
        assert await peer.reader.read() == b""
        gone.set()

    async with asked(script) as (_, client):
        lines = client.lines(follow=True)
        assert await anext(lines) == {"lost": 1}
        await lines.aclose()
        await gone.wait()


async def test_a_client_that_ends_leaves_none() -> None:
    ends: list[bytes] = []

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        ends.append(await peer.reader.read())

    async with scripted(script) as host:
        async with Client(host.url) as client:
            await asyncio.gather(client.kinds(), client.kinds())
        while host.open:
            await asyncio.sleep(0.001)
    assert ends == [b"", b""]


async def test_nobody_is_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name in ("127.0.0.1", "localhost", "nowhere.invalid"):
        async with Client(f"http://{name}:{port}", retry=False) as client:
            with pytest.raises(HostUnreachable, match="no host answers") as found:
                await client.kinds()
            assert (found.value.sent, found.value.answers) == (False, False)


async def test_another_address_is_tried_while_one_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would be waited for as long as for a connection at all."""
    async with scripted(answer_all) as host:
        with socket.socket() as silent, ExitStack() as stack:
            silent.bind(("127.0.0.1", 0))
            silent.listen(0)
            # With these it has as many as may wait there, and answers nobody else.
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                with suppress(BlockingIOError):
                    waiting.connect(silent.getsockname())
            port = int(host.url.rpartition(":")[2])
            found = [
                *_address("127.0.0.1", silent.getsockname()[1]),
                *_address("127.0.0.1", port),
            ]
            monkeypatch.setattr("kelpie.env.connecting._address", lambda *_: found)
            async with Client(host.url, retry=False) as client:
                assert await client.kinds() == []


async def test_who_is_there_and_does_not_shake_hands_is_not_waited_for() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read()

    limits = replace(DEFAULT_LIMITS, client_connect_ms_max=50)
    async with scripted(script) as host:
        url = host.url.replace("http", "https")
        exchanges = Exchanges(ProgramEnv(), url, None, limits)
        exchanges.open(trusting(None))
        with pytest.raises(HostUnreachable, match="not within 50 ms") as found:
            async with exchanges.asking("POST", "/", {}, b""):
                pass
        assert not found.value.sent
        await exchanges.close()


async def test_by_an_address_of_the_sixth_version() -> None:
    hosts: list[bytes] = []

    async def script(peer: Peer) -> None:
        hosts.append(await peer.request())
        await peer.say(OK)

    try:
        async with scripted(script, "::1") as host, Client(host.url) as client:
            assert await client.kinds() == []
            assert b"\r\nHost: %b\r\n" % host.url.partition("//")[2].encode() in hosts[0]
    except OSError:
        pytest.skip("this machine has none")


@pytest.mark.parametrize("given", ["a\nb", "a\r\nX: y", "a\0b"])
async def test_what_would_be_another_header_is_refused(given: str) -> None:
    async with asked(answer_all) as (host, client):
        with pytest.raises(InvalidRequest, match="Idempotency-Key"):
            await client.call("counter", "a", "add", 1, request_id=given)
        assert host.accepted == 0
    with pytest.raises(ValueError, match="Authorization") as found:
        Client(host.url, token=given)
    assert given not in str(found.value)
