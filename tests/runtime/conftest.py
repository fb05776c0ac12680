"""A world for each test: one store, and nodes with scripted or real components."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from kelpie.limits import Limits
from kelpie.wasm.engine import WasmEngine
from tests.runtime.scripted import Script, ScriptedEngine
from tests.runtime.support import TestNode, World

# Short pauses: nothing is asserted about them, but tests wait for some.
LIMITS: dict[str, int] = {"deadline_sweep_ms": 1, "store_retry_ms": 1, "store_retry_ms_max": 2}

StartScripted = Callable[..., Awaitable[TestNode]]


@pytest.fixture(scope="session")
def cache_directory(compiled_cache: Path) -> Path:
    return compiled_cache


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.close()
    assert made.faults == []


@pytest.fixture
def scripted(world: World) -> StartScripted:
    """Starts a node on which the kind `thing` is made of these scripts."""

    async def start(
        scripts: dict[str, Script],
        *,
        read_only: set[str] | None = None,
        durable: set[str] | None = None,
        name: str = "local",
        **limits: int,
    ) -> TestNode:
        engine = ScriptedEngine()
        engine.add("thing", scripts, read_only, durable)
        node = await world.start(engine, Limits(**{**LIMITS, **limits}), name)
        await node.runtime.deploy("default", "thing", b"thing")
        return node

    return start


@pytest.fixture
async def wasm(world: World, cache_directory: Path) -> AsyncIterator[Callable[..., WasmEngine]]:
    """Makes real engines."""
    made: list[WasmEngine] = []

    def make(limits: Limits | None = None) -> WasmEngine:
        engine = WasmEngine(world.env, limits or Limits(**LIMITS), cache_directory, epochs=False)
        made.append(engine)
        return engine

    yield make
    await world.close()
    for engine in made:
        engine.close()
