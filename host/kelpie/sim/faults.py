"""What goes wrong, by name, how often, and how often it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from kelpie.sim.tape import Tape

__all__ = ["NEMESIS", "RATES", "Faults"]

RATES: Final[Mapping[str, int]] = {
    # Per commit.
    "crash-before-commit": 6_000,
    "crash-during-commit": 8_000,
    "crash-after-commit": 8_000,
    "commit-unknown-done": 15_000,
    "commit-unknown-not-done": 15_000,
    "commit-unknown-late": 15_000,
    "commit-conflict": 15_000,
    "commit-too-old": 8_000,
    "write-failed": 10_000,
    "disk-full": 5_000,
    "commit-stalled": 8_000,
    # Per read.
    "read-failed": 8_000,
    "read-too-old": 5_000,
    "read-stalled": 3_000,
    "corruption": 5_000,
    # Per turn.
    "instance-vanished": 80_000,
    "guest-trapped": 6_000,
    "guest-out-of-fuel": 4_000,
    "guest-out-of-memory": 4_000,
    # Per message between client and node.
    "request-lost": 15_000,
    "reply-lost": 25_000,
    "request-doubled": 30_000,
    "message-delayed": 30_000,
    # Per message between actors.
    "letter-doubled": 50_000,
    "letter-late": 30_000,
    # Per call of another actor that has changed something.
    "crash-between-commits": 20_000,
    # Per event of the nemesis, out of a million in all.
    "killed": 150_000,
    "long-pause": 150_000,
    "overlap": 150_000,
    "declared-dead": 100_000,
    "starvation": 100_000,
    "instances-dropped": 100_000,
    "clock-jump": 100_000,
    "version-jump": 50_000,
    "conflict-storm": 100_000,
    "rolled-back": 100_000,
    "kind-deleted": 20_000,
    "damaged": 0,
}
"""Each fault, and how often in a million occasions it happens.

`damaged` is for good, and therefore only on demand: what a damaged actor does
is right if it says so, and nothing more can be asked of it.
"""

NEMESIS: Final = (
    "killed",
    "long-pause",
    "overlap",
    "declared-dead",
    "starvation",
    "instances-dropped",
    "clock-jump",
    "version-jump",
    "conflict-storm",
    "rolled-back",
    "kind-deleted",
    "damaged",
)

# A run leaves some faults out and exaggerates others: rare combinations are
# found by runs that differ, not by an average of everything in each.
_LEVELS_PER_CENT: Final = (0, 30, 100, 400)
_MILLION: Final = 1_000_000


class Faults:
    """Decides, by the tape, what goes wrong; and counts what did.

    `fired` counts faults, `seen` what came of them: rare situations that a run
    has been through.
    """

    def __init__(self, tape: Tape, rates: Mapping[str, int]) -> None:
        unknown = set(rates) - set(RATES)
        assert not unknown, f"no such faults: {sorted(unknown)}"
        self._tape = tape
        self.active = False
        self.fired: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self._bounds: dict[tuple[tuple[str, ...], int], list[int]] = {}
        self.rates = {name: self._level(name, rates.get(name, RATES[name])) for name in RATES}

    @property
    def total(self) -> int:
        return sum(self.fired.values())

    def fires(self, name: str) -> bool:
        """Whether this fault happens now. Then it must."""
        return self.first(name) is not None

    def first(self, *names: str, factor: int = 1) -> str | None:
        """Which of these faults happens now, if one does, each `factor` times as likely
        as usual: the first of them that would. Then it must."""
        if not self.active:
            return None
        bounds = self._bounds.get((names, factor)) or self._bounded(names, factor)
        choice = self._tape.draw(f"fault/{names[0]}", _MILLION)
        # The top of the range, because zero has to mean that nothing happens.
        if choice < bounds[-1]:
            return None
        name = next(name for name, bound in zip(names, bounds, strict=True) if choice >= bound)
        self.fired[name] += 1
        return name

    def _bounded(self, names: tuple[str, ...], factor: int) -> list[int]:
        """For each of them the least choice by which it happens, or one before it."""
        bounds, left = [], _MILLION
        for name in names:
            usual = self.rates[name]
            # However much trouble there is, something still goes through.
            rate = max(usual, min(usual * factor, _MILLION // 2))
            left -= left * rate // _MILLION
            bounds.append(left)
        self._bounds[names, factor] = bounds
        return bounds

    def _level(self, name: str, rate: int) -> int:
        per_cent = _LEVELS_PER_CENT[self._tape.draw(f"swarm/{name}", len(_LEVELS_PER_CENT))]
        return min(rate * per_cent // 100, _MILLION // 2)
