"""What a turn costs without HTTP: from the mailbox to the committed effects.

Callers keep the host busy, so commits are grouped as under load. The figure is
the time that passes, writer thread and disk included, divided by the turns.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from benchmarks import child
from benchmarks.effort import Place
from benchmarks.in_process import InProcess, with_host
from benchmarks.row import Goal, Row

__all__ = ["CALLERS", "CASES", "run", "turns_of_all"]

CALLERS = 64
CASES = {"hot": (1, "one actor"), "many": (1_000, "1,000 actors")}
"""How many actors, and what a table calls them."""
GOAL_US = 45.0


def run(place: Place) -> list[Row]:
    figures = child.run(__name__, place)
    return [
        Row(
            key=f"turn_{case}",
            title=f"turn in process, {CALLERS} callers, {where}",
            value=figures[f"{case}_us"],
            unit="us/turn",
            goal=Goal(at_least=False, bound=GOAL_US),
            details={"cpu_us": figures[f"{case}_cpu_us"]},
        )
        for case, (_, where) in CASES.items()
    ]


def measure(place: Place) -> child.Figures:
    async def work(host: InProcess) -> child.Figures:
        figures: child.Figures = {}
        for case, (keys, _) in CASES.items():
            figures |= await _measure_case(host, case, keys, place)
        return figures

    return with_host(place.directory, work)


async def _measure_case(host: InProcess, case: str, keys: int, place: Place) -> child.Figures:
    effort, ask = place.effort, host.increment
    await asyncio.gather(*(ask(f"k{number}") for number in range(keys)))
    await turns_of_all(ask, keys, effort.turns // 4)
    rounds = [await turns_of_all(ask, keys, effort.turns) for _ in range(effort.rounds)]
    return {
        f"{case}_us": statistics.median(each[0] for each in rounds),
        f"{case}_cpu_us": statistics.median(each[1] for each in rounds),
    }


async def turns_of_all(
    ask: Callable[[str], Awaitable[object]], keys: int, turns: int
) -> tuple[float, float]:
    """Microseconds a turn: those that passed, and those of all threads on processors.
    `ask` takes the key of an actor."""
    share = max(1, turns // CALLERS)

    async def caller(number: int) -> None:
        for turn in range(share):
            # Strides by a prime: every caller visits all keys, in no common order.
            await ask(f"k{(number * 7919 + turn) % keys}")

    began, cpu_began = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    each = 1e6 / (share * CALLERS)
    return elapsed * each, cpu * each


if __name__ == "__main__":
    child.main(measure)
