"""Very many guests that wait for others at once, in one process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable

import pytest

from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.engine import WasmEngine
from tests.runtime.support import ROOT, World

BANK = ROOT / "tests" / "guests" / "bank.wasm"
CALLERS = 5_000
CALLEES = 10


@pytest.mark.slow
async def test_five_thousand_guests_wait_for_others(
    world: World, wasm: Callable[..., WasmEngine]
) -> None:
    engine = wasm(DEFAULT_LIMITS)
    node = await world.start(engine, DEFAULT_LIMITS)
    await node.runtime.deploy("default", "thing", BANK.read_bytes())
    threads = threading.active_count()
    # Whoever is called does its work, and cannot answer yet.
    node.link.holding = True
    asked = [
        node.ask(
            "visit",
            json.dumps({"to": f"called-{number % CALLEES}", "for": "save"}),
            key=f"caller-{number}",
            deadline_ms=600_000,
        )
        for number in range(CALLERS)
    ]
    while node.runtime.reception.calls.waiting < CALLERS or node.runtime.outstanding < 2 * CALLERS:
        await asyncio.sleep(0.01)
    assert engine.instances >= CALLERS, "each has its memory, and stands in the middle of its turn"
    # Those of others may have ended meanwhile.
    assert threading.active_count() <= threads
    assert not any(each.done() for each in asked)
    node.link.release()
    replies = {reply.data for reply in await asyncio.gather(*asked)}
    assert replies == {b'{"balance":100,"last":""}'}
    assert node.runtime.reception.calls.waiting == 0
