"""Takes a failing tape and leaves out what the failure does not need.

A smaller tape has more zeros, and zero is the quiet choice. First whole labels
fall silent (a fault that never fires, clients that never wait), then halves,
quarters and at last single choices of what is left. A step is kept if the run
still breaks the same promise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from kelpie.sim.tape import Recording

__all__ = ["Shrunk", "shrink"]

RUNS_MAX: Final = 400

# What stays until last: which requests there are is what a person will read.
_LAST: Final = ("workload/",)


@dataclass(slots=True)
class Shrunk:
    recording: Recording
    runs: int
    choices_before: int

    @property
    def choices(self) -> int:
        return _weight(self.recording)


def shrink(
    recording: Recording, fails: Callable[[Recording], bool], runs_max: int = RUNS_MAX
) -> Shrunk:
    """The smallest tape found with at most `runs_max` runs for which `fails`
    still holds, as it does for `recording`."""
    search = _Search(recording, fails, runs_max)
    search.silence_labels()
    size = 1 << max((len(each) for each in search.best.values()), default=1).bit_length()
    while size and search.left:
        search.silence_stretches(size)
        size //= 2
    return Shrunk(search.best, runs_max - search.left, _weight(recording))


class _Search:
    def __init__(self, recording: Recording, fails: Callable[[Recording], bool], runs: int) -> None:
        self.best = recording
        self.left = runs
        self._fails = fails

    def silence_labels(self) -> None:
        for label in self._labels():
            self._try({**self.best, label: []})

    def silence_stretches(self, size: int) -> None:
        """Zeroes stretches of `size` choices, label by label, the last first."""
        for label in self._labels():
            values = self.best[label]
            for begin in range((len(values) - 1) // size * size, -1, -size):
                values = self.best[label]
                if any(values[begin : begin + size]):
                    quiet = [0] * len(values[begin : begin + size])
                    changed = [*values[:begin], *quiet, *values[begin + size :]]
                    self._try({**self.best, label: changed})

    def _labels(self) -> Iterator[str]:
        """Those that still say something; faults before the workload."""
        labels = [label for label, values in self.best.items() if any(values)]
        yield from sorted(labels, key=lambda label: (label.startswith(_LAST), label))

    def _try(self, candidate: Recording) -> None:
        if self.left and self._fails(candidate):
            self.best = candidate
        self.left = max(0, self.left - 1)


def _weight(recording: Recording) -> int:
    return sum(1 for values in recording.values() for value in values if value)
