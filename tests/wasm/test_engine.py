"""The engine: what was loaded is shared by all who use it."""

from __future__ import annotations

import asyncio
import gc

from kelpie.ids import text
from kelpie.wasm.turn import Component, Engine, Guest
from tests.wasm.support import COUNTER, Workbench, turn


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
