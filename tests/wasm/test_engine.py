"""The engine: what was loaded is shared, also between the nodes of a simulation."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable
from pathlib import Path

from kelpie.env.real import RealEnv
from kelpie.ids import Payload, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.turn import Component, Engine, Guest
from tests.wasm.support import COUNTER, ROGUE, StoredValues, Workbench, turn


async def test_it_is_what_the_runtime_asks_for(workbench: Workbench) -> None:
    engine: Engine = workbench.engine
    component: Component = await engine.load(COUNTER.read_bytes())
    guest: Guest = await component.instantiate()
    assert (await guest.run(turn("increment"))).reply == text('{"value":1}')
    guest.close()


async def test_what_is_loaded_is_not_loaded_again(workbench: Workbench) -> None:
    wasm = COUNTER.read_bytes()
    first = await workbench.engine.load(wasm)
    loading = workbench.engine.load(wasm)
    try:
        loading.send(None)  # it answers without waiting
    except StopIteration as done:
        second = done.value
    assert second.code is first.code
    assert workbench.engine.load_blocking(wasm).code is first.code


async def test_loading_the_same_twice_at_once(workbench: Workbench) -> None:
    wasm = COUNTER.read_bytes()
    first, second = await asyncio.gather(*(workbench.engine.load(wasm) for _ in range(2)))
    assert first.code is second.code


async def test_what_nobody_uses_goes(workbench: Workbench) -> None:
    component = await workbench.engine.load(COUNTER.read_bytes())
    guest = await component.instantiate()
    code = component.code.compiled
    del component
    gc.collect()
    assert code.address  # we hold the handle, not the component
    assert (await guest.run(turn("increment"))).reply == text('{"value":1}')
    guest.close()


class Late(StoredValues):
    def kv_get(self, key: bytes) -> Awaitable[Payload | None]:
        async def answer() -> Payload | None:
            await asyncio.sleep(0)
            return text(b"late " + key)

        return answer()


def test_one_engine_serves_one_loop_after_another(cache_directory: Path) -> None:
    async def first() -> WasmEngine:
        return WasmEngine(
            RealEnv(lambda *_fault: None), DEFAULT_LIMITS, cache_directory, epochs=False
        )

    engine = asyncio.run(first())
    kept = engine.load_blocking(ROGUE.read_bytes())

    async def node() -> Payload | None:
        own = engine.in_env(RealEnv(lambda *_fault: None))
        component = await own.load(ROGUE.read_bytes())
        assert component.code is kept.code
        guest = await component.instantiate()
        outcome = await guest.run(turn("kv_get", {"key": "k"}, answers=Late()))
        guest.close()
        return outcome.reply

    assert [asyncio.run(node()) for _ in range(3)] == [text("late k")] * 3
    assert engine.instances == 0
    engine.close()
