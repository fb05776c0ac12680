"""The same counter in each language, side by side: its turn, its instances.

It is the project that `kelpie new` makes, with the SDK of the language. What is measured
is the guest alone: a turn that adds, with fuel, epochs and limits on, without mailbox
and commit; a fresh instance and its first turn; and what live instances take of the
machine's memory that they share with nobody.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from benchmarks import child
from benchmarks.child import ChildFailed
from benchmarks.effort import SMOKE, Place
from benchmarks.host import COUNTER, KELPIE
from benchmarks.row import Goal, Row
from benchmarks.turn_guest import turn
from kelpie.env.real import RealEnv
from kelpie.ids import Payload, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.projects.errors import ToolchainMissing
from kelpie.projects.project import BY_NAME
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.instance import Instance

__all__ = ["run"]

BUILD_S_MAX = 1_800.0
FIRST_TURNS, INSTANCES = 200, 100
TIMES_OF_RUST_MAX = 2.0
FIRST_TURN_GOALS_MS = {"rust": 0.3, "go": 2.0, "python": 3.0}


def run(place: Place) -> list[Row]:
    figures = {name: each for name in BY_NAME if (each := _measured(name, place))}
    if not figures:
        raise ChildFailed("there is no toolchain of any language")
    return [*_turns(figures), *_first_turns(figures), *_instances(figures)]


def _turns(figures: dict[str, child.Figures]) -> list[Row]:
    rust = figures.get("rust", {}).get("turn_us")
    return [
        Row(
            key=f"turn_{name}",
            title=f"{BY_NAME[name].title}: processor time of a turn, guest alone",
            value=each["turn_us"],
            unit="us/turn",
            ratio=each["turn_us"] / rust if rust else None,
            ratio_to="turn_rust" if rust else "",
            goal=Goal(at_least=False, bound=TIMES_OF_RUST_MAX, of_ratio=True) if rust else None,
            details={"fuel": each["fuel"]},
        )
        for name, each in figures.items()
    ]


def _first_turns(figures: dict[str, child.Figures]) -> list[Row]:
    return [
        Row(
            key=f"first_turn_{name}",
            title=f"{BY_NAME[name].title}: a fresh instance and its first turn",
            value=each["first_turn_ms"],
            unit="ms",
            goal=Goal(at_least=False, bound=FIRST_TURN_GOALS_MS[name]),
        )
        for name, each in figures.items()
    ]


def _instances(figures: dict[str, child.Figures]) -> list[Row]:
    return [
        Row(
            key=f"instance_{name}",
            title=f"{BY_NAME[name].title}: memory of a live idle instance",
            value=each["instance_kb"],
            unit="KB",
        )
        for name, each in figures.items()
    ]


def _measured(language: str, place: Place) -> child.Figures:
    """Of the counter in this language; nothing where it cannot be built."""
    component = place.directory / f"{language}.wasm"
    if place.effort == SMOKE:
        # No compiler, for what would mean nothing.
        if language != "rust":
            return {}
        component.write_bytes(COUNTER.read_bytes())
    else:
        try:
            BY_NAME[language].toolchain(place.directory)
        except ToolchainMissing as missing:
            print(f"left out: {missing.message}", file=sys.stderr)
            return {}
        _kelpie(place, "new", f"counter-{language}", "--lang", language)
        _kelpie(place, "build", f"counter-{language}", "--out", str(component))
    return child.run(__name__, Place(place.effort, component))


def _kelpie(place: Place, *words: str) -> None:
    # What it compiles is kept where the child finds it; not in a folder `kelpie` here,
    # which would be taken for the package.
    environment = os.environ | {"XDG_CACHE_HOME": str(place.directory / "cache")}
    command = [sys.executable, *KELPIE, *words]
    done = subprocess.run(
        command,
        cwd=place.directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILD_S_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise ChildFailed(f"kelpie {' '.join(words)}:\n{done.stderr[-2000:]}")


def measure(place: Place) -> child.Figures:
    """`place.directory` is the component here."""

    async def main() -> child.Figures:
        env = RealEnv(lambda *fault: print(*fault, file=sys.stderr))
        forms = place.directory.parent / "cache" / "kelpie" / "compiled"
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
