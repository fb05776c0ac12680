"""What a simulation says: every option first, then progress, then the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, TextIO

from kelpie.sim.faults import RATES
from kelpie.sim.run import Run

__all__ = ["Report", "describe_failure"]

_FAILURES_SHOWN: Final = 3
_LINES_SHOWN: Final = 60


class Report:
    """Collects runs and writes about them: results to `out`, progress to `talk`."""

    def __init__(self, out: TextIO, talk: TextIO, seeds: int) -> None:
        self._out = out
        self._talk = talk
        self._seeds = seeds
        self.runs = 0
        self.turns = 0
        self.turns_least: int | None = None
        self.faults_least: int | None = None
        self.requests = 0
        self.virtual_ms = 0
        self.faults: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.failed: list[int] = []
        self._hashes: dict[int, str] = {}

    def options(self, options: Mapping[str, object]) -> None:
        for name, value in options.items():
            print(f"{name:>14}  {value}", file=self._out)
        self._out.flush()

    def add(self, run: Run) -> None:
        self.runs += 1
        self._hashes[run.seed] = run.trace_hash
        self.turns += run.turns
        self.requests += run.requests
        self.virtual_ms += run.virtual_ms
        self.faults += run.faults
        self.seen += run.seen
        faults = run.faults.total()
        self.turns_least = min(run.turns, self.turns_least or run.turns)
        self.faults_least = min(faults, faults if self.faults_least is None else self.faults_least)
        if run.failures:
            self.failed.append(run.seed)
        if self.runs % max(1, self._seeds // 20) == 0 or self.runs == self._seeds:
            print(
                f"{self.runs}/{self._seeds} seeds, {self.turns} turns, "
                f"{self.faults.total()} faults, {len(self.failed)} failed",
                file=self._talk,
                flush=True,
            )

    def totals(self) -> None:
        """Counts of the whole simulation; a fault that never fired is named."""
        out = self._out
        print(
            f"{self.runs} seeds, {self.turns} turns (at least {self.turns_least} a seed), "
            f"{self.requests} requests, {self.faults.total()} faults (at least "
            f"{self.faults_least} a seed), {self.virtual_ms / 1000:.0f} s of virtual time",
            file=out,
        )
        print("faults fired:", file=out)
        for name in RATES:
            count = self.faults[name]
            print(f"  {name:<28}{count or 'never'}", file=out)
        if self.seen:
            print("seen:", file=out)
        for name, count in sorted(self.seen.items()):
            print(f"  {name:<44}{count}", file=out)
        print(f"trace hash: {self.trace_hash}", file=out)
        out.flush()

    def view(self, *, passed: bool) -> dict[str, object]:
        """The same for programs."""
        return {
            "passed": passed,
            "seeds": self.runs,
            "failed": self.failed,
            "turns": self.turns,
            "requests": self.requests,
            "virtual_ms": self.virtual_ms,
            "faults": {name: self.faults[name] for name in RATES},
            "seen": dict(sorted(self.seen.items())),
            "trace_hash": self.trace_hash,
        }

    @property
    def trace_hash(self) -> str:
        """Of the one run, or over those of all runs in the order of their seeds."""
        hashes = [self._hashes[seed] for seed in sorted(self._hashes)]
        if len(hashes) == 1:
            return hashes[0]
        return sha256("".join(hashes).encode()).hexdigest()[: len(hashes[0])]


def describe_failure(run: Run, repeat: str) -> str:
    """Why a run failed, what its actor's history was, and how to see it again."""
    lines = [f"seed {run.seed} FAILED after {run.turns} turns and {run.faults.total()} faults"]
    for failure in run.failures[:_FAILURES_SHOWN]:
        lines.append(str(failure))
        shown = failure.details[-_LINES_SHOWN:]
        if len(shown) < len(failure.details):
            lines.append(f"  ... {len(failure.details) - len(shown)} earlier ones")
        lines += shown
    if len(run.failures) > _FAILURES_SHOWN:
        lines.append(f"... and {len(run.failures) - _FAILURES_SHOWN} further failures")
    lines.append("faults fired: " + ", ".join(f"{n} {c}" for n, c in sorted(run.faults.items())))
    lines.append(f"trace hash: {run.trace_hash}")
    lines.append(f"repeat it: {repeat}")
    return "\n".join(lines)
