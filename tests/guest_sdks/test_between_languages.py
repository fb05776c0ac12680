"""Actors of three languages that call each other."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.engine import WasmEngine
from tests.guest_sdks.conformance.languages import LANGUAGES, CannotBuild
from tests.guest_sdks.conformance.subject import deployed
from tests.runtime.support import TestNode, World

pytestmark = pytest.mark.slow

SEALED = {name: each for name, each in LANGUAGES.items() if each.is_sealed}


@pytest.fixture
async def node(compiled_cache: Path) -> AsyncIterator[TestNode]:
    """A runtime with a kind of each language, named like it."""
    world = World()
    engine = WasmEngine(world.env, DEFAULT_LIMITS, compiled_cache, epochs=False)
    made = await world.start(engine, DEFAULT_LIMITS)
    for name, language in SEALED.items():
        try:
            await deployed(made, language.component(compiled_cache), name)
        except CannotBuild as reason:
            pytest.skip(str(reason))
    yield made
    await world.close()
    engine.close()
    assert world.faults == []


async def test_each_calls_each(node: TestNode) -> None:
    counts = dict.fromkeys(SEALED, 0)
    for caller, callee in itertools.permutations(SEALED, 2):
        counts[callee] += 1
        asked = {"kind": callee, "key": "other", "operation": "add", "argument": {"amount": 1}}
        for _ in range(2):  # the second one is answered from the record
            told = await node.value("call", asked, kind=caller, id=f"from {caller} to {callee}")
            assert told == {"ok": {"count": counts[callee]}}


async def test_one_after_the_other(node: TestNode) -> None:
    innermost = {"kind": "python", "key": "last", "operation": "add", "argument": {"amount": 7}}
    asked = {"kind": "go", "key": "next", "operation": "call", "argument": innermost}
    told = await node.value("call", asked, kind="rust")
    assert told == {"ok": {"ok": {"count": 7}}}
    # A ring through all three is seen by the one who would close it.
    back = {**innermost, "kind": "rust", "key": "one"}
    through = {"kind": "python", "key": "last", "operation": "call", "argument": back}
    told = await node.value("call", {**asked, "argument": through}, kind="rust")
    refused = told["ok"]["ok"]
    assert refused["failure"] == "failed"
    ring = ["python/last", "rust/one", "go/next", "python/last"]
    assert " -> ".join(f"default/{each}" for each in ring) in refused["message"]
    assert json.loads(await node.get("add", kind="rust")) == {"count": 1}
