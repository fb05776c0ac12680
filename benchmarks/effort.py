"""How much is measured: enough for figures, for a glance, or for a smoke test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["FULL", "QUICK", "SMOKE", "Effort", "Place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    rounds: int
    """How often the systems take turns; figures are medians over the rounds."""
    seconds: float
    """Of one system in one round."""
    turns: int
    """Of one round in process."""
    actors: int
    """New actors, for activations and for memory."""
    seeds: int


FULL = Effort(rounds=7, seconds=3, turns=30_000, actors=5_000, seeds=200)
QUICK = Effort(rounds=3, seconds=1, turns=10_000, actors=2_000, seeds=20)
SMOKE = Effort(rounds=1, seconds=0.2, turns=200, actors=100, seeds=1)
"""Shows that everything runs; its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row runs: how long, and in which directory."""

    effort: Effort
    directory: Path
