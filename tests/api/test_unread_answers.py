"""Clients that do not read their answers, or hardly, are let go, on either lane."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import ROGUE, Host, request, running

PAGE = request("GET", "/")
LIMITS = replace(DEFAULT_LIMITS, http_idle_ms_max=400)
# More than the system takes off the host's hands.
REPLY_BYTES = DEFAULT_LIMITS.payload_bytes_max


@pytest.fixture
async def impatient(tmp_path: Path, cache: Path) -> AsyncIterator[Host]:
    async with running(tmp_path / "data", cache, LIMITS) as host:
        await host.deploy("rogue", ROGUE)
        yield host


def _reply(lane: str) -> bytes:
    """Asks for a large answer."""
    body = b'{"bytes": %d}' % REPLY_BYTES
    target = f"/v1/actors/rogue/bob/reply{lane}"
    return request("POST", target, body, Content_Type="application/json")


def _connect(host: Host) -> socket.socket:
    """A connection on which little can be on its way."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", host.port))
    connection.setblocking(False)
    return connection


async def _is_ended(connection: socket.socket) -> bool:
    """Waits until the other side has reset the connection, without reading from it."""
    poll = select.poll()
    poll.register(connection, 0)
    while not poll.poll(0):
        await asyncio.sleep(0.02)
    return True


async def test_many_answers_that_nobody_reads(impatient: Host) -> None:
    with _connect(impatient) as connection:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while connection.send(PAGE * 100):
                await asyncio.sleep(0)
        assert await _is_ended(connection)


@pytest.mark.parametrize("closes", [False, True], ids=["silent", "closes-its-side"])
async def test_an_answer_that_nobody_reads(impatient: Host, lane: str, closes: bool) -> None:
    """Neither that it is idle nor that it has said all lets the host wait for it."""
    loop = asyncio.get_running_loop()
    with _connect(impatient) as connection:
        await loop.sock_sendall(connection, _reply(lane))
        if closes:
            connection.shutdown(socket.SHUT_WR)
        assert await _is_ended(connection)


async def test_one_that_is_read_too_slowly(impatient: Host, lane: str) -> None:
    """That something is read every now and then does not keep the connection."""
    loop = asyncio.get_running_loop()
    poll, got = select.poll(), 0
    with _connect(impatient) as connection:
        await loop.sock_sendall(connection, _reply(lane))
        poll.register(connection, 0)
        while not poll.poll(0):
            got += len(await loop.sock_recv(connection, 300))
            await asyncio.sleep(0.02)
            assert got < LIMITS.http_reply_bytes_min
        assert got > 0


async def test_a_slow_reader_gets_all(impatient: Host) -> None:
    """It takes far longer than it may stand still."""
    loop = asyncio.get_running_loop()
    with _connect(impatient) as connection:
        await loop.sock_sendall(connection, _reply(""))
        got = 0
        while got < REPLY_BYTES:
            await asyncio.sleep(0.002)
            piece = await loop.sock_recv(connection, 1 << 15)
            assert piece, got
            got += len(piece)
