"""How often values were how large."""

from __future__ import annotations

from bisect import bisect_left

__all__ = ["COUNT_BOUNDS", "NANOSECOND_BOUNDS", "Histogram"]

_US = 1_000
_MS = 1_000_000
_S = 1_000_000_000

# From a turn that never waits to one at its limit.
NANOSECOND_BOUNDS = (
    25 * _US,
    50 * _US,
    100 * _US,
    250 * _US,
    500 * _US,
    1 * _MS,
    2_500 * _US,
    5 * _MS,
    10 * _MS,
    25 * _MS,
    50 * _MS,
    100 * _MS,
    250 * _MS,
    500 * _MS,
    1 * _S,
    5 * _S,
    10 * _S,
)
COUNT_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)


class Histogram:
    """Counts values by the smallest of `bounds` that they do not exceed."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[int, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """One for each bound, and one for what is beyond the last."""
        self.total = 0
        """All values, summed."""

    def add(self, value: int) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
