"""A whole runtime for each language, on which its actor is deployed once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from kelpie.limits import DEFAULT_LIMITS
from kelpie.native import NativeEngine
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.turn import Component, Engine
from tests.guest_sdks.conformance.languages import (
    LANGUAGES,
    CannotBuild,
    Language,
    native_class,
)
from tests.guest_sdks.conformance.subject import Subject, deployed
from tests.guest_sdks.conformance.turns import Turns
from tests.runtime.support import TestNode, World


@pytest.fixture(scope="session", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Language:
    return LANGUAGES[request.param]


@pytest.fixture(autouse=True)
def _only_where_it_holds(request: pytest.FixtureRequest, language: Language) -> None:
    if request.node.get_closest_marker("sealed") is not None and not language.is_sealed:
        pytest.skip("nothing seals it")


@pytest.fixture(scope="session")
def component(language: Language, compiled_cache: Path) -> bytes:
    try:
        return language.component(compiled_cache)
    except CannotBuild as reason:
        pytest.skip(str(reason))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def node(
    language: Language, component: bytes, compiled_cache: Path
) -> AsyncIterator[TestNode]:
    world = World()
    engine: Engine = WasmEngine(world.env, DEFAULT_LIMITS, compiled_cache, epochs=False)
    if not language.is_sealed:
        engine = native = NativeEngine(world.env, engine)
        assert native.upload_of(native_class()) == component
    yield await deployed(await world.start(engine, DEFAULT_LIMITS), component)
    await world.close()
    engine.close()
    assert world.faults == []


@pytest.fixture
def actor(node: TestNode) -> Subject:
    return Subject(node)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def loaded(node: TestNode, component: bytes) -> Component:
    return await node.engine.load(component)


@pytest_asyncio.fixture(loop_scope="session")
async def turns(loaded: Component) -> AsyncIterator[Turns]:
    made = Turns(loaded)
    yield made
    made.close()
