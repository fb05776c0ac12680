"""What became of log entries."""

from __future__ import annotations

__all__ = ["LogMeter"]


class LogMeter:
    """The log of one process."""

    __slots__ = ("dropped",)

    def __init__(self) -> None:
        self.dropped = 0
        """Entries that nobody read in time."""
