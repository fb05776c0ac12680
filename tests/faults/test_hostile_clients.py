"""Clients by the hundred that do what no client should: others are served, and
nothing of them stays behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from kelpie.limits import MIB
from tests.api.support import Remote, request
from tests.cli.host import Served
from tests.faults.test_memory import resident_bytes

CLIENTS = 400
# What the host may open for itself meanwhile: connections to its store.
DESCRIPTORS_OF_ITS_OWN = 20

INCREMENT = request("POST", "/v1/actors/counter/crowd/increment")
FULL = request("POST", "/v1/actors/counter/crowd/increment?namespace=default")
SPIN = request("POST", "/v1/actors/rogue/crowd/spin", Kelpie_Deadline_Ms="1000")
BODY = request(
    "POST", "/v1/actors/rogue/crowd/echo", Content_Type="text/plain", Content_Length="4000000"
)
UPLOAD = request("PUT", "/v1/kinds/crowd", Content_Length="60000000")

Habit = Callable[[asyncio.StreamWriter], None]


def silent(writer: asyncio.StreamWriter) -> None:
    """Never says a word."""


def slow(writer: asyncio.StreamWriter) -> None:
    writer.write(INCREMENT[:20])


def half_closed(writer: asyncio.StreamWriter) -> None:
    writer.write(INCREMENT[:20])
    writer.write_eof()


def gone_in_mid_turn(writer: asyncio.StreamWriter) -> None:
    writer.write(INCREMENT)


def gone_in_mid_turn_elsewhere(writer: asyncio.StreamWriter) -> None:
    writer.write(FULL)


def gone_from_a_long_line(writer: asyncio.StreamWriter) -> None:
    """All ask the same actor, which has hardly begun."""
    writer.write(SPIN)


def gone_in_mid_body(writer: asyncio.StreamWriter) -> None:
    writer.write(BODY + b"x" * 1000)


def gone_in_mid_upload(writer: asyncio.StreamWriter) -> None:
    writer.write(UPLOAD + b"x" * 1000)


def gone_with_answers_unread(writer: asyncio.StreamWriter) -> None:
    writer.write(INCREMENT * 50)


HABITS: list[Habit] = [
    silent,
    slow,
    half_closed,
    gone_in_mid_turn,
    gone_in_mid_turn_elsewhere,
    gone_in_mid_body,
    gone_in_mid_upload,
    gone_with_answers_unread,
    gone_from_a_long_line,
]


def descriptors(served: Served) -> int:
    """How many files and sockets the process has open."""
    return len(list(Path(f"/proc/{served.process.pid}/fd").iterdir()))


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.__name__)
async def test_a_crowd_of_them(shared: Served, habit: Habit) -> None:
    remote = Remote(shared.url)
    target = f"/v1/actors/counter/beside-{habit.__name__}/increment"
    assert (await remote.ask("POST", target)).json == {"value": 1}
    before, memory_before = descriptors(shared), resident_bytes(shared)
    writers = []
    for _ in range(CLIENTS):
        _, writer = await asyncio.open_connection("127.0.0.1", remote.port)
        habit(writer)
        writers.append(writer)
    assert (await remote.ask("POST", target)).json == {"value": 2}
    for writer in writers:
        writer.transport.abort()
    while descriptors(shared) > before + DESCRIPTORS_OF_ITS_OWN:
        await asyncio.sleep(0.02)
    assert (await remote.ask("POST", target)).json == {"value": 3}
    assert resident_bytes(shared) < memory_before + 32 * MIB


@pytest.mark.parametrize("asked", [INCREMENT, request("GET", "/v1/kinds")], ids=["hot", "full"])
async def test_who_asks_without_end_and_never_reads(shared: Served, asked: bytes) -> None:
    """The host stops reading: what waits is bounded on its side."""
    remote = Remote(shared.url)
    before = resident_bytes(shared)
    _, writer = await asyncio.open_connection("127.0.0.1", remote.port, limit=1 << 16)
    with suppress(TimeoutError):
        async with asyncio.timeout(3):
            while True:
                writer.write(asked * 100)
                await writer.drain()
    assert (await remote.ask("GET", "/livez")).status == 200
    assert resident_bytes(shared) < before + 32 * MIB
    writer.transport.abort()
