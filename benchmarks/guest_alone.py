"""A guest without mailbox and commit: its turn, its beginning, its memory.

    python -m benchmarks.guest_alone EFFORT COMPONENT

is what runs in a process of its own. Fuel, epochs and limits are on, as in a host.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from benchmarks import child
from benchmarks.counters import compiled_forms
from benchmarks.effort import SMOKE, Place
from benchmarks.turn_guest import turn
from kelpie.env.real import RealEnv
from kelpie.ids import Payload, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.instance import Instance

__all__ = ["figures_of"]

FIRST_TURNS, INSTANCES = 200, 100


def figures_of(component: Path, place: Place) -> child.Figures:
    """`turn_us` of the processor, `fuel` of a turn, `first_turn_ms` with the making of an
    instance, and `instance_kb` that a live one shares with no other. What is asked of it
    is its first operation, without an argument."""
    return child.run(__name__, Place(place.effort, component))


def measure(place: Place) -> child.Figures:
    """`place.directory` is the component here."""

    async def main() -> child.Figures:
        env = RealEnv(lambda *fault: print(*fault, file=sys.stderr))
        forms = compiled_forms(place.directory.parent)
        engine = WasmEngine(env, DEFAULT_LIMITS, forms, epochs=True)
        component = await engine.load(place.directory.read_bytes())
        figures = await _figures(component, place)
        engine.close()
        env.close()
        return figures

    return asyncio.run(main())


async def _figures(component: LoadedComponent, place: Place) -> child.Figures:
    operation = next(iter(component.manifest.operations))

    async def one(guest: Instance, state: Payload | None) -> tuple[Payload | None, int]:
        asked = turn(state, text(""))
        asked.operation = operation
        outcome = await guest.run(asked)
        assert outcome.error is None, outcome.error
        return outcome.effects.state, outcome.fuel

    async def fresh() -> Instance:
        guest = await component.instantiate()
        await one(guest, None)
        return guest

    smoke = place.effort == SMOKE
    first_turn_s = await _best(fresh, 10 if smoke else FIRST_TURNS)
    count = 10 if smoke else INSTANCES
    before = _private_kilobytes()
    guests = [await fresh() for _ in range(count)]
    instance_kb = (_private_kilobytes() - before) / count
    for guest in guests:
        guest.close()
    guest, state, fuel, best = await fresh(), None, 0, float("inf")
    turns = max(1, place.effort.turns // 10)
    for _ in range(2 * place.effort.rounds):
        # Of the processor: nothing waits, and what else the machine does shows less.
        begin = time.process_time()
        for _ in range(turns):
            state, fuel = await one(guest, state)
        best = min(best, (time.process_time() - begin) / turns)
    guest.close()
    return {
        "turn_us": best * 1e6,
        "first_turn_ms": first_turn_s * 1e3,
        "instance_kb": instance_kb,
        "fuel": fuel,
    }


async def _best(make: Callable[[], Coroutine[Any, Any, Instance]], times: int) -> float:
    """Seconds, of the fastest one: what else the machine does shows less."""
    best = float("inf")
    for _ in range(times):
        begin = time.perf_counter()
        guest = await make()
        best = min(best, time.perf_counter() - begin)
        guest.close()
    return best


def _private_kilobytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


if __name__ == "__main__":
    child.main(measure)
