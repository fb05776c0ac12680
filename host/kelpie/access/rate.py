"""So many requests a second, counted as a token bucket that holds one second's worth."""

from __future__ import annotations

__all__ = ["Rate"]

_NS_PER_S = 1_000_000_000


class Rate:
    """The bucket is one number: the moment when it will be full again."""

    __slots__ = ("_full_ns", "_step_ns", "per_second")

    def __init__(self, per_second: int) -> None:
        """`per_second` from 1 to 1,000,000,000."""
        self.per_second = per_second
        self._step_ns = _NS_PER_S // per_second
        self._full_ns = 0

    def take(self, now_ns: int) -> int:
        """Takes one request out of the bucket: 0, or if it is empty for how many
        nanoseconds that will last; then nothing is taken."""
        full_ns = max(now_ns, self._full_ns) + self._step_ns
        wait_ns = full_ns - now_ns - _NS_PER_S
        if wait_ns > 0:
            return wait_ns
        self._full_ns = full_ns
        return 0
