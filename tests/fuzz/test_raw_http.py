"""Bytes on a connection, of which some are HTTP: whatever comes back is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.support import COUNTER, Host, request, running

SECONDS_MAX = 30
NO_BODY = {100, 204, 304}

REQUESTS = st.sampled_from(
    [
        request("POST", "/v1/actors/counter/a/increment"),
        request("POST", "/v1/actors/counter/a/increment?namespace=default"),
        request("POST", "/v1/actors/counter/a/add", b"5", Content_Type="application/json"),
        request(
            "POST",
            "/v1/actors/counter/a/add",
            b"1\r\n5\r\n0\r\n\r\n",
            Content_Type="application/json",
            Transfer_Encoding="chunked",
        ),
        request("GET", "/v1/kinds"),
        request("OPTIONS", "*"),
        request("PUT", "/v1/kinds/no", b"\0asm", Expect="100-continue"),
        request("DELETE", "/v1/kinds/nobody"),
    ]
)
# What parsers stumble over. HEAD is not among it: its answers cannot be told apart.
PIECES = st.one_of(
    st.sampled_from(
        [
            *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b" ", b"\t", b":", b"\0", b"\xff", b";"),
            *(
                b"GET ",
                b"POST ",
                b"PUT ",
                b"BREW ",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                b"/",
                b"*",
            ),
            *(b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"HTTP/0.9", b" HTTP/1.1\r\n", b"http://x/"),
            *(b"Host: localhost\r\n", b"Host:\r\n", b"Host: evil.example\r\n", b"Origin: null\r\n"),
            *(b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 5, 6\r\n"),
            *(b"Content-Length: 99999999999999999999\r\n", b"Content-Length: 0x5\r\n"),
            *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n"),
            *(b"Transfer-Encoding: chunked, identity\r\n", b"Transfer-Encoding:\x0bchunked\r\n"),
            *(b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: websocket\r\n"),
            *(
                b"Expect: 100-continue\r\n",
                b"Expect: 200-ok\r\n",
                b" folded\r\n",
                b"X: y\r\n" * 200,
            ),
            *(b"ffffffffffffffff\r\n", b"-1\r\n", b"5;x=y\r\n", b"0\r\n\r\n", b"x" * 9000),
        ]
    ),
    st.binary(max_size=8),
)


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """What is sent, in the parts in which it arrives."""
    whole = b""
    for sent in draw(st.lists(st.one_of(REQUESTS, REQUESTS, PIECES), min_size=1, max_size=5)):
        body = bytearray(sent)
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(body)))
            body[at : at + draw(st.integers(0, 4))] = draw(PIECES)
        whole += body
    cuts = sorted(draw(st.sets(st.integers(0, len(whole)), max_size=3)))
    return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


class _Talk:
    def __init__(self, runner: asyncio.Runner, host: Host) -> None:
        self.runner = runner
        self.host = host

    async def answers(self, parts: list[bytes]) -> bytes:
        """All that comes back until the host has nothing more to say."""
        async with asyncio.timeout(SECONDS_MAX), self.host.wire() as wire:
            try:
                for part in parts:
                    wire.writer.write(part)
                    # So that it arrives by itself, mostly.
                    await asyncio.sleep(0)
                # The host may have closed it by now.
                if not wire.writer.is_closing():
                    wire.writer.write_eof()
                return await wire.reader.read()
            except ConnectionError:
                return b""


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, compiled_cache: Path) -> Iterator[_Talk]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        data = tmp_path_factory.mktemp("raw") / "data"
        host = runner.run(stack.enter_async_context(running(data, compiled_cache)))
        runner.run(host.deploy("counter", COUNTER))
        yield _Talk(runner, host)
        runner.run(stack.aclose())


@settings(deadline=None, max_examples=150)
@given(parts=conversations())
def test_whatever_is_said_is_answered_in_http(talk: _Talk, parts: list[bytes]) -> None:
    heard = talk.runner.run(talk.answers(parts))
    while heard:
        heard = check_one(heard)
    # It listens to others, and to the same actor.
    alive = talk.host.ask("POST", "/v1/actors/counter/a/get")
    assert talk.runner.run(alive).status == 200


def check_one(heard: bytes) -> bytes:
    """Checks the first answer in what was heard; what follows it."""
    head, end, rest = heard.partition(b"\r\n\r\n")
    assert end, heard
    status_line, *lines = head.decode("ascii").split("\r\n")
    version, number, _ = status_line.split(" ", 2)
    assert version in {"HTTP/1.1", "HTTP/1.0"}
    status = int(number)
    headers = dict(line.lower().split(": ", 1) for line in lines)
    assert len(headers) == len(lines)
    if status in NO_BODY:
        return rest
    size = int(headers["content-length"])
    assert len(rest) >= size
    body = rest[:size]
    if status >= 400:
        problem = json.loads(body)
        assert headers["content-type"] == "application/problem+json"
        assert problem["status"] == status < 500
    return rest[size:]
