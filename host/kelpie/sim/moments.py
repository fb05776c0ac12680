"""The time of histories: one order of all events of a run."""

from __future__ import annotations

__all__ = ["Moments"]


class Moments:
    """Numbers that only grow: no two events share one."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def next(self) -> int:
        self._count += 1
        return self._count
