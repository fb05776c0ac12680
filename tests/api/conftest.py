"""Hosts for the tests of HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop

from tests.api.support import COUNTER, ROGUE, Host, running


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of production: its transports are not asyncio's own."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def cache(compiled_cache: Path) -> Path:
    return compiled_cache


@pytest.fixture
async def empty_host(tmp_path: Path, cache: Path) -> AsyncIterator[Host]:
    """A host with nothing deployed."""
    async with running(tmp_path / "data", cache) as host:
        yield host


@pytest.fixture
async def host(empty_host: Host) -> Host:
    """A host with the counter and the rogue."""
    assert (await empty_host.deploy("counter", COUNTER)).status == 201
    assert (await empty_host.deploy("rogue", ROGUE)).status == 201
    return empty_host


@pytest.fixture(params=["hot", "full"])
def lane(request: pytest.FixtureRequest) -> str:
    """What to append to a target so that it is answered in one way or the other.

    Both ways must answer alike: `hot` is the shortcut for whole invocations,
    which leaves requests with a query to aiohttp.
    """
    return "?namespace=default" if request.param == "full" else ""
