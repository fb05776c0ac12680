"""What can be measured, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.effort import Place
from benchmarks.row import Row
from benchmarks.rows import (
    activations,
    batches,
    calls,
    http,
    journal,
    languages,
    memory,
    neighbours,
    observing,
    sends,
    simulation,
    turn,
)

__all__ = ["RUNNERS"]

RUNNERS: dict[str, Callable[[Place], list[Row]]] = {
    "turn": turn.run,
    "calls": calls.run,
    "sends": sends.run,
    "languages": languages.run,
    **{case.key: partial(http.run, case) for case in http.CASES},
    "batches": batches.run,
    "observing": observing.run,
    "activations": activations.run,
    "memory": memory.run,
    "journal": journal.run,
    "beside_1_spinner": partial(neighbours.run, 1),
    "beside_50_spinners": partial(neighbours.run, 50),
    "simulation": simulation.run,
}
"""What makes the rows, by name; some make several."""
