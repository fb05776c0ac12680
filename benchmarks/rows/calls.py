"""What it costs that one actor asks another: a turn with a call in it, against one without.

Callers keep the host busy. Every turn saves its actor's state, as a plain turn
does; the one with a call first asks an actor of its own, which saves its state
too, or only reads it.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from pathlib import Path

from benchmarks import child
from benchmarks.effort import Place
from benchmarks.in_process import InProcess, with_host
from benchmarks.row import Goal, Row

__all__ = ["run"]

BANK = Path(__file__).parents[2] / "tests" / "guests" / "bank.wasm"
KIND = "bank"
CALLERS = 64
ACTORS = 500
GOALS = {"save": 5_000.0, "balance": 8_000.0}
"""Calls a second, by the operation that is called."""
TITLES = {"save": "durable on both sides", "balance": "to a read-only operation"}
KEYS = {"save": "calls_durable", "balance": "calls_read_only"}


def run(place: Place) -> list[Row]:
    figures = child.run(__name__, place)
    plain = Row(
        key="calls_none",
        title=f"turns without a call in process, {CALLERS} callers, {ACTORS} actors",
        value=figures["plain"],
        unit="turns/s",
    )
    return [plain] + [
        Row(
            key=KEYS[operation],
            title=f"calls between actors in process, {TITLES[operation]}",
            value=figures[operation],
            unit="calls/s",
            ratio=figures[f"{operation}_ratio"],
            ratio_to="calls_none",
            goal=Goal(at_least=True, bound=bound),
        )
        for operation, bound in GOALS.items()
    ]


def measure(place: Place) -> child.Figures:
    async def work(host: InProcess) -> child.Figures:
        await host.runtime.deploy("default", KIND, BANK.read_bytes())
        effort = place.effort
        # The first round makes the actors.
        rounds = [await _round(host, effort.turns // 4) for _ in range(effort.rounds + 1)][1:]
        ratios = {
            f"{operation}_ratio": statistics.median(
                each[operation] / each["plain"] for each in rounds
            )
            for operation in GOALS
        }
        return {
            name: statistics.median(each[name] for each in rounds) for name in ("plain", *GOALS)
        } | ratios

    return with_host(place.directory, work)


async def _round(host: InProcess, turns: int) -> dict[str, float]:
    """Each case's rate."""
    rates = {"plain": await _rate(host, turns, None)}
    for operation in GOALS:
        rates[operation] = await _rate(host, turns, operation)
    return rates


async def _rate(host: InProcess, turns: int, called: str | None) -> float:
    """Turns a second, each with a call of this operation, or with none."""
    share = max(1, turns // CALLERS)

    async def caller(number: int) -> None:
        for turn in range(share):
            # Strides by a prime, in two halves of the actors: no caller is called.
            key = (number * 7919 + turn) % ACTORS
            if called is None:
                await host.turn(KIND, f"k{key}", "save")
            else:
                visit = json.dumps({"to": f"other-{key}", "for": called})
                await host.turn(KIND, f"k{key}", "visit", visit)

    began = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    return share * CALLERS / (time.perf_counter() - began)


if __name__ == "__main__":
    child.main(measure)
