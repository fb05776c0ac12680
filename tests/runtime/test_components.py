"""The whole runtime with real components in the real engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from kelpie.errors import ActorRejected, ComponentInvalid, KelpieError
from kelpie.limits import Limits
from kelpie.wasm.engine import WasmEngine
from tests.runtime.conftest import LIMITS
from tests.runtime.support import COUNTER, LEDGER, TestNode, World

MakeEngine = Callable[..., WasmEngine]


async def counters(world: World, wasm: MakeEngine, **limits: int) -> TestNode:
    node = await world.start(wasm(), Limits(**{**LIMITS, **limits}))
    await node.runtime.deploy("default", "counter", COUNTER.read_bytes())
    return node


async def count(node: TestNode, operation: str, argument: Any = None, **more: Any) -> int:
    found = await node.value(operation, argument, kind="counter", **more)
    value = found["value"]
    assert isinstance(value, int)
    return value


async def test_a_counter_counts(world: World, wasm: MakeEngine) -> None:
    node = await counters(world, wasm)
    assert [await count(node, "increment") for _ in range(3)] == [1, 2, 3]
    assert await count(node, "add", 39) == 42
    assert await count(node, "get") == 42
    assert await count(node, "get", key="another") == 0
    with pytest.raises(ActorRejected):
        await count(node, "add", "much")
    again = await world.start(node.engine, node.limits)
    assert await count(again, "get") == 42


async def test_it_is_done_once_however_often_it_is_asked(world: World, wasm: MakeEngine) -> None:
    node = await counters(world, wasm)
    values = await asyncio.gather(*(count(node, "increment", id=f"{n % 10}") for n in range(50)))
    assert sorted(set(values)) == list(range(1, 11))
    assert await count(node, "get") == 10


async def test_many_counters_with_few_instances(world: World, wasm: MakeEngine) -> None:
    node = await counters(world, wasm, instances_max=5)
    for expected in (1, 2, 3):
        values = await asyncio.gather(*(count(node, "increment", key=str(n)) for n in range(40)))
        assert values == [expected] * 40
    assert len(node.runtime.instances) <= 5


async def test_the_counter_is_replaced_and_goes_on(world: World, wasm: MakeEngine) -> None:
    node = await counters(world, wasm)
    await count(node, "increment")
    with pytest.raises(ComponentInvalid):
        await node.runtime.deploy("default", "counter", b"no wasm")
    deploy = await node.runtime.deploy("default", "counter", LEDGER.read_bytes())
    assert deploy.number == 2
    with pytest.raises(KelpieError):
        await count(node, "increment")
    await node.runtime.deploy("default", "counter", COUNTER.read_bytes())
    assert await count(node, "increment") == 2
