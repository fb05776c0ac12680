"""The numbers that a workload file may have, and what they may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kelpie.sim.workload import WorkloadInvalid

__all__ = ["COUNTS", "count"]

_COUNT_MAX: Final = 100_000
_PER_CENT: Final = ("unrecorded_per_cent", "deletes_per_cent", "batches_per_cent")
COUNTS: Final = (
    "actors",
    "clients",
    "requests",
    "turns_min",
    "faults_min",
    "tries_max",
    "think_ms_max",
    "attempt_ms_max",
    *_PER_CENT,
)


def count(table: Mapping[str, Any], name: str, low: int = 1, high: int = _COUNT_MAX) -> int:
    """
    Raises:
        WorkloadInvalid: it is no whole number, or not in its range.
    """
    given = table[name]
    low = 0 if name in ("faults_min", "turns_min", *_PER_CENT) else low
    high = 100 if name in _PER_CENT else high
    if not isinstance(given, int) or isinstance(given, bool) or not low <= given <= high:
        raise WorkloadInvalid(f"{name} must be a whole number of {low} to {high}, not {given!r}")
    return given
