"""Operations a second when they come in batches, against single requests in the same run."""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks import child, generator, host
from benchmarks.effort import Place
from benchmarks.in_process import InProcess, with_host
from benchmarks.load import Load, Measured
from benchmarks.row import Goal, Row

__all__ = ["run"]

OPERATIONS = 1_000
"""Of a batch: as many as it may have."""
LINES = '{"operation":"add","argument":{"amount":1}}\n' * OPERATIONS
CALLERS = 4
CONNECTIONS = 2
"""So that one batch runs while the other one is committed, read or written."""
GOAL_IN_PROCESS = 500_000.0
GOAL_HTTP = 100_000.0
GOAL_TIMES = {1: 20.0, 64: 2.0}


def run(place: Place) -> list[Row]:
    figures = child.run(__name__, place)
    in_process = Row(
        key="batch_in_process",
        title=f"batches of {OPERATIONS:,} in process, {CALLERS} callers, one actor",
        value=figures["rate"],
        unit="operations/s",
        goal=Goal(at_least=True, bound=GOAL_IN_PROCESS),
        details={"cpu_us": figures["cpu_us"]},
    )
    return [in_process, *_http(place)]


def measure(place: Place) -> child.Figures:
    async def work(kelpie: InProcess) -> child.Figures:
        await _round(kelpie, place.effort.turns // 4)
        rounds = [await _round(kelpie, place.effort.turns) for _ in range(place.effort.rounds)]
        return {
            "rate": statistics.median(each[0] for each in rounds),
            "cpu_us": statistics.median(each[1] for each in rounds),
        }

    return with_host(place.directory, work)


async def _round(kelpie: InProcess, turns: int) -> tuple[float, float]:
    """Operations a second, and microseconds of all threads for each. There are
    fewer batches than there would be turns: each is some fifty times as long."""
    share = max(1, turns // 50 // CALLERS)
    lines = LINES.encode()

    async def caller() -> None:
        for _ in range(share):
            await kelpie.batch("hot", lines)

    began, cpu_began = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    operations = share * CALLERS * OPERATIONS
    return operations / elapsed, cpu / operations * 1e6


def _http(place: Place) -> list[Row]:
    """Batches and single requests take turns on one host."""
    seconds = place.effort.seconds
    singles = {
        count: Load(connections=count, seconds=seconds, path=host.increment_path())
        for count in GOAL_TIMES
    }
    batches = Load(
        connections=CONNECTIONS,
        seconds=seconds,
        path=host.batch_path(),
        body=LINES,
        content_type="application/x-ndjson",
    )
    with host.serving(place.directory) as server:
        rounds: list[dict[int, Measured]] = []
        for _ in range(place.effort.rounds + 1):
            rounds.append(
                {
                    0: generator.run(batches, server.port),
                    **{count: generator.run(each, server.port) for count, each in singles.items()},
                }
            )
            server.check_alive()
    # The first warms up.
    return _rows(rounds[1:])


def _rows(rounds: list[dict[int, Measured]]) -> list[Row]:
    batch = Row(
        key="batch_http",
        title=f"batches of {OPERATIONS:,} over HTTP, {CONNECTIONS} connections, one actor",
        value=statistics.median(each[0].rate for each in rounds) * OPERATIONS,
        unit="operations/s",
        goal=Goal(at_least=True, bound=GOAL_HTTP),
        details={
            "p50_ms": statistics.median(each[0].p50_ms for each in rounds),
            "p99_ms": statistics.median(each[0].p99_ms for each in rounds),
        },
    )
    times = [
        Row(
            key=f"batch_http_to_{count}",
            title=f"that, to single requests by {count} connection{'s' * (count > 1)}",
            value=statistics.median(
                each[0].rate * OPERATIONS / each[count].rate for each in rounds
            ),
            unit="times",
            goal=Goal(at_least=True, bound=bound),
            details={"single_rate": statistics.median(each[count].rate for each in rounds)},
        )
        for count, bound in GOAL_TIMES.items()
    ]
    return [batch, *times]


if __name__ == "__main__":
    child.main(measure)
