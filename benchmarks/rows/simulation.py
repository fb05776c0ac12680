"""How fast `kelpie sim` goes through its seeds, with the counter."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.child import ChildFailed
from benchmarks.effort import Place
from benchmarks.host import COUNTER, KELPIE
from benchmarks.row import Goal, Row

__all__ = ["run"]

SIMULATION_S_MAX = 600.0
GOAL_A_MINUTE = 200.0


def run(place: Place) -> list[Row]:
    seeds = place.effort.seeds
    command = [sys.executable, *KELPIE, "sim", str(COUNTER), "--seeds", str(seeds)]
    began = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=SIMULATION_S_MAX, check=False
    )
    elapsed = time.perf_counter() - began
    if done.returncode != 0:
        raise ChildFailed(f"kelpie sim failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return [
        Row(
            key="simulation",
            title="simulation of the counter, start included",
            value=seeds / elapsed * 60,
            unit="seeds/min",
            goal=Goal(at_least=True, bound=GOAL_A_MINUTE),
        )
    ]
