"""The choice tape: where every decision of a run comes from.

Each draw has a label, and each label is a stream of its own. So when shrinking
takes one choice back, the choices under other labels keep their meaning.

Zero is always the quiet choice: no fault, first come first served, the shortest
wait. A recorded tape that has run out answers zero, which is why a shorter tape
is a simpler run.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import shake_256
from itertools import chain, repeat
from typing import Final, Protocol

__all__ = ["Recording", "Tape", "trimmed"]

Recording = dict[str, list[int]]
"""What was drawn, in order, by label."""

_WORDS_A_BLOCK: Final = 128


class _Notes(Protocol):
    @property
    def choice(self) -> Callable[[tuple[str, int]], None]: ...


class Tape:
    """Decisions, from a seed or from a recording of an earlier run.

    The same seed gives the same draws in every process and on every version of
    Python: they come from SHAKE-256 over the seed and the label.
    """

    __slots__ = ("_drawn", "_note", "_recorded", "_streams", "seed")

    def __init__(
        self, seed: int, recorded: Mapping[str, Sequence[int]] | None, notes: _Notes
    ) -> None:
        self.seed = seed
        self._recorded = recorded
        self._drawn: dict[str, list[int]] = {}
        self._streams: dict[str, tuple[Callable[[], int], Callable[[int], None]]] = {}
        """By label, what gives its next value, and what keeps what was drawn."""
        self._note = notes.choice

    @classmethod
    def from_seed(cls, seed: int, notes: _Notes) -> Tape:
        return cls(seed, None, notes)

    @classmethod
    def replay(cls, seed: int, recorded: Mapping[str, Sequence[int]], notes: _Notes) -> Tape:
        """A tape that draws what was recorded, and zeros after its end.

        `seed` only names the run that it came from.
        """
        return cls(seed, recorded, notes)

    def draw(self, label: str, bound: int) -> int:
        """A choice in `0 <= choice < bound`. Zero is the quiet one."""
        following, keep = self._streams.get(label) or self._open(label)
        value = following() % bound
        keep(value)
        self._note((label, value))
        return value

    def between(self, label: str, low: int, high: int) -> int:
        """A choice in `low <= choice <= high`. `low` is the quiet one."""
        assert low <= high, f"{label}: {low} > {high}"
        return low + self.draw(label, high - low + 1)

    def bytes(self, label: str, count: int) -> bytes:
        words = [self.draw(label, 1 << 64) for _ in range((count + 7) // 8)]
        return struct.pack(f"<{len(words)}Q", *words)[:count]

    def recording(self) -> Recording:
        """Everything drawn until now. Trailing zeros are left out: the end of a
        stream means the same."""
        return trimmed({label: self._drawn[label] for label in sorted(self._drawn)})

    def _open(self, label: str) -> tuple[Callable[[], int], Callable[[int], None]]:
        if self._recorded is None:
            source: Iterator[int] = _words(self.seed, label)
        else:
            source = chain(self._recorded.get(label, ()), repeat(0))
        drawn = self._drawn[label] = []
        stream = self._streams[label] = source.__next__, drawn.append
        return stream


def _words(seed: int, label: str) -> Iterator[int]:
    block = 0
    while True:
        key = f"{seed}/{label}/{block}".encode()
        yield from struct.unpack(f"<{_WORDS_A_BLOCK}Q", shake_256(key).digest(8 * _WORDS_A_BLOCK))
        block += 1


def trimmed(recording: Mapping[str, Sequence[int]]) -> Recording:
    """The same tape, without the zeros at its ends and without labels that have
    nothing else."""
    shorter: Recording = {}
    for label, values in recording.items():
        end = len(values)
        while end and values[end - 1] == 0:
            end -= 1
        if end:
            shorter[label] = list(values[:end])
    return shorter
