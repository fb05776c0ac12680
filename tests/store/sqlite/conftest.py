from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from kelpie.errors import StoreStopped
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.store.sqlite import SqliteStore, open_store
from tests.store.clock import ClockEnv

Open = Callable[..., Awaitable[SqliteStore]]


@pytest.fixture
async def env() -> AsyncIterator[ClockEnv]:
    env = ClockEnv()
    yield env
    env.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "data"


@pytest.fixture
def stops() -> list[StoreStopped]:
    """What the stores of `open_` said when they stopped by themselves."""
    return []


@pytest.fixture
async def open_(env: ClockEnv, path: Path, stops: list[StoreStopped]) -> AsyncIterator[Open]:
    """Opens the store at `path`; what is open at the end is closed."""
    stores: list[SqliteStore] = []

    async def opened(limits: Limits = DEFAULT_LIMITS) -> SqliteStore:
        store = await open_store(env, path, stops.append, limits)
        stores.append(store)
        return store

    yield opened
    for store in stores:
        await store.close()
