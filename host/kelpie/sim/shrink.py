"""Takes a failing run and leaves out what the failure does not need.

First requests: most failures need few of them, and a shorter run makes every
further step cheap. Then choices: a smaller tape has more zeros, and zero is the
quiet choice. Whole labels fall silent (a fault that never fires, a wait that is
always the shortest), then halves, quarters and at last single choices of what
is left. At last it is tried to let that happen sooner. A step is kept if the
run still breaks the same promise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kelpie.sim.tape import Recording, trimmed

__all__ = ["RUNS_MAX", "Candidate", "Shrunk", "shrink"]

RUNS_MAX: Final = 600

# What falls silent first; labels that are not named come in between.
_FIRST: Final = ("swarm/", "nemesis", "fault/")
_LAST: Final = ("workload/",)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that may fail: how many requests there are, and every choice."""

    requests: int
    recording: Recording

    @property
    def choices(self) -> int:
        """Those that are not the quiet one."""
        return sum(1 for values in self.recording.values() for value in values if value)


@dataclass(frozen=True, slots=True)
class Shrunk:
    smallest: Candidate
    runs: int


def shrink(
    failing: Candidate,
    fails: Callable[[Candidate], bool],
    runs_max: int = RUNS_MAX,
    on_run: Callable[[int, Candidate], object] = lambda _runs, _best: None,
) -> Shrunk:
    """The smallest run found with at most `runs_max` runs for which `fails`
    still holds, as it does for `failing`. `on_run` is told after each how many
    there were, and what is the smallest so far."""
    search = _Search(failing, fails, runs_max, on_run)
    search.ask_less()
    search.silence_timing()
    search.silence_labels()
    longest = max((len(each) for each in search.best.recording.values()), default=0)
    size = 1 << longest.bit_length()
    while size and search.left:
        search.silence_stretches(size)
        size //= 2
    search.hurry()
    search.ask_less()
    return Shrunk(search.best, search.runs)


class _Search:
    def __init__(
        self,
        failing: Candidate,
        fails: Callable[[Candidate], bool],
        runs_max: int,
        on_run: Callable[[int, Candidate], object],
    ) -> None:
        self.best = failing
        self.runs = 0
        self._runs_max = runs_max
        self._fails = fails
        self._on_run = on_run

    @property
    def left(self) -> int:
        """How many more runs there may be."""
        return self._runs_max - self.runs

    def ask_less(self) -> None:
        """Fewer requests, by ever smaller steps."""
        step = self.best.requests // 2
        while step:
            fewer = self.best.requests - step
            if fewer < 1 or not self._try(Candidate(fewer, self.best.recording)):
                step //= 2

    def silence_timing(self) -> None:
        """Everything at once but the faults and the workload."""
        kept = (*_FIRST, *_LAST)
        recording = self.best.recording
        self._try_recording({n: v for n, v in recording.items() if n.startswith(kept)})

    def silence_labels(self) -> None:
        for label in self._labels():
            self._try_recording({**self.best.recording, label: []})

    def silence_stretches(self, size: int) -> None:
        """Zeroes stretches of `size` choices, label by label, the last first."""
        for label in self._labels():
            count = len(self.best.recording[label])
            for begin in range((count - 1) // size * size, -1, -size):
                values = self.best.recording.get(label, [])
                stretch = values[begin : begin + size]
                if any(stretch):
                    changed = [*values[:begin], *([0] * len(stretch)), *values[begin + size :]]
                    self._try_recording({**self.best.recording, label: changed})

    def hurry(self) -> None:
        """Lets what must happen happen sooner, with less quiet before it."""
        for label in self._labels():
            values = self.best.recording[label]
            step = next(place for place, value in enumerate(values) if value)
            while step:
                values = self.best.recording.get(label, [])
                sooner = {**self.best.recording, label: values[step:]}
                if any(values[:step]) or not self._try_recording(sooner):
                    step //= 2

    def _labels(self) -> list[str]:
        """Those that still say something."""
        labels = [label for label, values in self.best.recording.items() if any(values)]
        return sorted(
            labels,
            key=lambda label: (label.startswith(_LAST), not label.startswith(_FIRST), label),
        )

    def _try_recording(self, recording: Recording) -> bool:
        return self._try(Candidate(self.best.requests, trimmed(recording)))

    def _try(self, candidate: Candidate) -> bool:
        if not self.left:
            return False
        self.runs += 1
        is_smaller = self._fails(candidate)
        if is_smaller:
            self.best = candidate
        self._on_run(self.runs, self.best)
        return is_smaller
