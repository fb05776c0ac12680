"""Cold activations: first durable writes to new keys, through the whole runtime."""

from __future__ import annotations

import asyncio
import statistics
import time
from itertools import count

from benchmarks import child
from benchmarks.effort import Place
from benchmarks.in_process import InProcess, with_host
from benchmarks.row import Goal, Row

__all__ = ["run"]

CALLERS = 256
GOAL_A_SECOND = 6_000.0


def run(place: Place) -> list[Row]:
    figures = child.run(__name__, place)
    return [
        Row(
            key="activations",
            title=f"cold activations, {CALLERS} callers, new keys",
            value=figures["rate"],
            unit="1/s",
            goal=Goal(at_least=True, bound=GOAL_A_SECOND),
            details={"cpu_us": figures["cpu_us"]},
        )
    ]


def measure(place: Place) -> child.Figures:
    effort = place.effort
    numbers = count()

    async def work(host: InProcess) -> child.Figures:
        await _round(host, numbers, effort.actors // 4)
        rounds = [await _round(host, numbers, effort.actors) for _ in range(effort.rounds)]
        return {
            "rate": statistics.median(each[0] for each in rounds),
            "cpu_us": statistics.median(each[1] for each in rounds),
        }

    return with_host(place.directory, work)


async def _round(host: InProcess, numbers: count[int], actors: int) -> tuple[float, float]:
    """Activations a second, and processor microseconds for each."""
    share = max(1, actors // CALLERS)

    async def caller() -> None:
        for _ in range(share):
            value = await host.count(f"new{next(numbers)}")
            assert value == 1, "the key was not new"

    began, cpu_began = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    return share * CALLERS / elapsed, cpu / (share * CALLERS) * 1e6


if __name__ == "__main__":
    child.main(measure)
