"""What was answered over HTTP."""

from __future__ import annotations

from kelpie.meters.histogram import NANOSECOND_BOUNDS, Histogram

__all__ = ["HttpMeter"]

_CLASSES = 6


class HttpMeter:
    """Every answer of one server."""

    __slots__ = ("by_class", "durations_ns", "errors")

    def __init__(self) -> None:
        self.by_class = [0] * _CLASSES
        """By the first digit of the status."""
        self.errors: dict[str, int] = {}
        """Answers that were errors, by their code."""
        self.durations_ns = Histogram(NANOSECOND_BOUNDS)
        """From the request's head to the answer, before it is written."""

    def answered(self, status: int, duration_ns: int) -> None:
        self.by_class[status // 100] += 1
        self.durations_ns.add(duration_ns)

    def refused(self, code: str) -> None:
        """An answer is an error. It is to be counted as answered, too."""
        self.errors[code] = self.errors.get(code, 0) + 1
