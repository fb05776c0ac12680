"""Memory of live actors, and what happens to those beyond the cap.

A process with default limits and untouched system settings activates actors and
keeps their instances. Then it goes beyond `instances_max`: the least recently
used instances are dropped, and their actors answer as if nothing had happened.
"""

from __future__ import annotations

import asyncio
import gc
import mmap
from pathlib import Path

from benchmarks import child
from benchmarks.effort import FULL, Place
from benchmarks.in_process import InProcess, with_host
from benchmarks.row import Goal, Row
from kelpie.errors import KelpieError
from kelpie.limits import DEFAULT_LIMITS

__all__ = ["run"]

CALLERS = 64
WARM_ACTORS = 100
GOAL_KB = 50.0
BEYOND = 1.25
"""How many actors in all, in instances that may live."""


def run(place: Place) -> list[Row]:
    figures = child.run(__name__, place)
    live, wanted = figures["live"], figures["wanted"]
    return [
        Row(
            key="memory",
            title=f"memory per live actor, {place.effort.actors:,} actors",
            value=figures["kb"],
            unit="KB",
            goal=Goal(at_least=False, bound=GOAL_KB),
            details={"live_instances": live},
            warning="" if live >= wanted else f"only {live:,.0f} instances of {wanted:,.0f} lived",
        ),
        Row(
            key="beyond_the_cap",
            title=f"errors of {figures['actors']:,.0f} actors, beyond the cap",
            value=figures["errors"],
            unit="errors",
            goal=Goal(at_least=False, bound=0),
            details={"live_instances": figures["live_at_end"]},
        ),
    ]


def measure(place: Place) -> child.Figures:
    actors = place.effort.actors
    beyond = int(DEFAULT_LIMITS.instances_max * BEYOND) if place.effort == FULL else 2 * actors

    async def work(host: InProcess) -> child.Figures:
        await _increment_all(host, range(WARM_ACTORS), 1)
        before = _resident_bytes()
        new = range(WARM_ACTORS, WARM_ACTORS + actors)
        errors = await _increment_all(host, new, 1)
        kb = (_resident_bytes() - before) / actors / 1e3
        live = host.engine.instances
        errors += await _increment_all(host, range(new.stop, beyond), 1)
        errors += await _increment_all(host, range(beyond), 2)
        return {
            "kb": kb,
            "live": live,
            "wanted": WARM_ACTORS + actors,
            "actors": beyond,
            "errors": errors,
            "live_at_end": host.engine.instances,
        }

    return with_host(place.directory, work)


async def _increment_all(host: InProcess, numbers: range, expected: int) -> int:
    """Increments each once; how many did not answer `expected`."""
    errors = 0

    async def caller(first: int) -> None:
        nonlocal errors
        for number in numbers[first::CALLERS]:
            try:
                value = await host.count(f"k{number}")
            except KelpieError:
                errors += 1
            else:
                errors += value != expected

    await asyncio.gather(*(caller(first) for first in range(CALLERS)))
    return errors


def _resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


if __name__ == "__main__":
    child.main(measure)
