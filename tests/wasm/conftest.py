"""Engines over the fixture guests, and the turns to run on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kelpie.env.real import RealEnv
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.engine import WasmEngine
from tests.wasm.support import Workbench


@pytest.fixture(scope="session")
def cache_directory(compiled_cache: Path) -> Path:
    return compiled_cache


@pytest.fixture
async def env() -> AsyncIterator[RealEnv]:
    faults: list[object] = []
    made = RealEnv(lambda *fault: faults.append(fault))
    yield made
    made.close()
    assert faults == []


@pytest.fixture
async def workbench(env: RealEnv, cache_directory: Path) -> AsyncIterator[Workbench]:
    """As in simulation: no clock interrupts the guests."""
    made = Workbench(WasmEngine(env, DEFAULT_LIMITS, cache_directory, epochs=False))
    yield made
    made.close()


@pytest.fixture
async def ticking(env: RealEnv, cache_directory: Path) -> AsyncIterator[Workbench]:
    """As in production: guests are interrupted by the clock."""
    made = Workbench(WasmEngine(env, DEFAULT_LIMITS, cache_directory, epochs=True))
    yield made
    made.close()
