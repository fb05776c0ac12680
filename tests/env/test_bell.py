"""A bell: what was rung since one began to listen is heard, and so is its silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from kelpie.env.bell import Bell
from kelpie.env.real import RealEnv


@pytest.fixture
async def bell() -> AsyncIterator[Bell]:
    env = RealEnv(lambda what, error: pytest.fail(f"{what}: {error!r}"))
    yield Bell(env)
    env.close()


async def test_what_rings_while_one_looks_is_heard(bell: Bell) -> None:
    bell.listen()
    bell.ring()
    bell.ring()
    await bell.heard(None)


async def test_what_rang_before_is_forgotten(bell: Bell) -> None:
    bell.ring()
    bell.listen()
    bell.ring()
    bell.listen()
    waiting = asyncio.ensure_future(bell.heard(None))
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.ring()
    await waiting


async def test_left_alone_for_long_enough_it_rings_by_itself(bell: Bell) -> None:
    bell.listen()
    await bell.heard(1)


async def test_whoever_stops_waiting_leaves_no_timer(bell: Bell) -> None:
    bell.listen()
    waiting = asyncio.ensure_future(bell.heard(60_000))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    bell.listen()
    bell.ring()
    await bell.heard(None)
