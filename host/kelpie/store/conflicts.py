"""Who wrote what lately: what decides whether a transaction may commit."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Sequence

__all__ = ["ClearedRanges", "Conflicts"]

# What a key costs in the tables below, besides its own bytes: about.
_KEY_OVERHEAD_BYTES = 200

_Range = tuple[bytes, bytes]


class ClearedRanges:
    """Ranges of keys, each with the newest version that cleared it.

    Kept apart and in order, so that a point is found by bisection.
    """

    def __init__(self) -> None:
        self._begins: list[bytes] = []
        self._ends: list[bytes] = []
        self._versions: list[int] = []
        self._sweep_at = 64
        self._newest = 0

    def __len__(self) -> int:
        return len(self._begins)

    def cover(self, begin: bytes, end: bytes, version: int) -> None:
        """Notes that `version`, newer than any before, cleared the range."""
        self._newest = version
        first, last = self._overlapping(begin, end)
        begins, ends, versions = [begin], [end], [version]
        if first < last and self._begins[first] < begin:
            begins.insert(0, self._begins[first])
            ends.insert(0, begin)
            versions.insert(0, self._versions[first])
        if first < last and self._ends[last - 1] > end:
            begins.append(end)
            ends.append(self._ends[last - 1])
            versions.append(self._versions[last - 1])
        self._begins[first:last] = begins
        self._ends[first:last] = ends
        self._versions[first:last] = versions

    def newest(self, begin: bytes, end: bytes) -> int:
        """The newest version that cleared a part of the range, or 0."""
        first, last = self._overlapping(begin, end)
        return max(self._versions[first:last], default=0)

    def newest_at(self, key: bytes) -> int:
        """The newest version that cleared `key`, or 0."""
        at = bisect_right(self._begins, key) - 1
        return self._versions[at] if at >= 0 and key < self._ends[at] else 0

    def sweep(self, oldest: int) -> None:
        """Forgets what was cleared at `oldest` or before, now and then, and at
        once where that is all."""
        if self._newest > oldest and len(self._versions) < self._sweep_at:
            return
        kept = [at for at, version in enumerate(self._versions) if version > oldest]
        self._begins = [self._begins[at] for at in kept]
        self._ends = [self._ends[at] for at in kept]
        self._versions = [self._versions[at] for at in kept]
        self._sweep_at = max(64, 2 * len(kept))

    def _overlapping(self, begin: bytes, end: bytes) -> tuple[int, int]:
        """The slice of the entries that overlap the range."""
        first = bisect_right(self._ends, begin)
        return first, max(first, bisect_left(self._begins, end))


class Conflicts:
    """The writes of the commits since `oldest`.

    Only a transaction with a read version of `oldest` or later can be judged;
    any other is too old. Memory is bounded: `oldest` moves up when the commits
    are too many, sooner than by age.
    """

    def __init__(self, bytes_max: int, oldest: int = 0) -> None:
        self.oldest = oldest
        self._bytes_max = bytes_max
        self._bytes = 0
        self._written: dict[bytes, int] = {}
        self._log: deque[tuple[int, Sequence[bytes], int]] = deque()
        self._cleared = ClearedRanges()

    def changed(self, key: bytes, version: int) -> bool:
        """Whether a commit after `version` wrote `key`."""
        if self._written.get(key, 0) > version:
            return True
        return bool(self._cleared) and self._cleared.newest_at(key) > version

    def changed_in(self, begin: bytes, end: bytes, version: int) -> bool:
        """Whether a commit after `version` wrote a key of the range.

        Takes time in proportion to the commits since then.
        """
        if self._cleared and self._cleared.newest(begin, end) > version:
            return True
        for written, keys, _ in reversed(self._log):
            if written <= version:
                return False
            if any(begin <= key < end for key in keys):
                return True
        return False

    def met_by(self, version: int, keys: Sequence[bytes], ranges: Sequence[_Range]) -> bool:
        """Whether a commit after `version` wrote any of these."""
        written = self._written
        for key in keys:
            if written.get(key, 0) > version:
                return True
        if self._cleared:
            newest_at = self._cleared.newest_at
            for key in keys:
                if newest_at(key) > version:
                    return True
        # Most have none: then not even a generator is made.
        return bool(ranges) and any(self.changed_in(*each, version) for each in ranges)

    def record(self, version: int, keys: Sequence[bytes], cleared: Iterable[_Range]) -> None:
        """Notes the writes of a commit, the newest so far."""
        size = _KEY_OVERHEAD_BYTES * len(keys)
        written = self._written
        for key in keys:
            written[key] = version
            size += len(key)
        for begin, end in cleared:
            self._cleared.cover(begin, end, version)
            size += _KEY_OVERHEAD_BYTES + len(begin) + len(end)
        self._log.append((version, keys, size))
        self._bytes += size

    def forget(self, oldest: int) -> None:
        """Forgets the commits up to `oldest`, and older ones if there are too many."""
        log = self._log
        while log and (log[0][0] <= oldest or self._bytes > self._bytes_max):
            version, keys, size = log.popleft()
            self._bytes -= size
            for key in keys:
                if self._written.get(key) == version:
                    del self._written[key]
            self.oldest = version
        if oldest > self.oldest:
            self.oldest = oldest
        if self._cleared:
            self._cleared.sweep(self.oldest)
