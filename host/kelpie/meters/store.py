"""What the store has written."""

from __future__ import annotations

from kelpie.meters.histogram import COUNT_BOUNDS, NANOSECOND_BOUNDS, Histogram

__all__ = ["StoreMeter"]


class StoreMeter:
    """Batches of commits. A store without an fsync of its own leaves it at zero."""

    __slots__ = ("batch_commits", "batch_failures", "write_ns", "written_bytes")

    def __init__(self) -> None:
        self.batch_commits = Histogram(COUNT_BOUNDS)
        """How many commits shared each fsync that succeeded."""
        self.write_ns = Histogram(NANOSECOND_BOUNDS)
        """How long each batch took to be durable, its fsync included."""
        self.written_bytes = 0
        """Keys and values of the batches that succeeded."""
        self.batch_failures = 0

    def wrote(self, commits: int, size: int, duration_ns: int) -> None:
        """A batch is durable."""
        self.batch_commits.add(commits)
        self.write_ns.add(duration_ns)
        self.written_bytes += size
