"""How many instances live: the least recently used ones make room."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from kelpie.limits import Limits

__all__ = ["Instances"]


class Holder(Protocol):
    """Who holds an instance."""

    def drop_instance(self) -> bool:
        """Drops it, unless a turn is running in it; whether it was dropped."""
        ...


class Instances:
    """Every live instance of the node, least recently used first.

    An instance is a cache: dropping one costs its actor a fresh one at its next
    turn, and nothing else.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes: OrderedDict[Holder, int] = OrderedDict()
        self._bytes_total = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._bytes)

    @property
    def memory_bytes(self) -> int:
        return self._bytes_total

    def used(self, holder: Holder, memory_bytes: int) -> None:
        """A turn has ended in the holder's instance; makes room if need be."""
        before = self._bytes.get(holder, 0)
        if memory_bytes != before:
            self._bytes_total += memory_bytes - before
        self._bytes[holder] = memory_bytes
        self._bytes.move_to_end(holder)
        if self._crowded():
            self._make_room()

    def gone(self, holder: Holder) -> None:
        """The holder has dropped its instance."""
        self._bytes_total -= self._bytes.pop(holder)

    def _crowded(self) -> bool:
        limits = self._limits
        return (
            len(self._bytes) > limits.instances_max
            or self._bytes_total > limits.instances_memory_bytes_max
        )

    def _make_room(self) -> None:
        # Those in which a turn runs stay, and go to the end as if just used: so
        # each is met once, however many of them there are.
        for _ in range(len(self._bytes)):
            holder = next(iter(self._bytes))
            # It calls `gone` when it drops.
            if holder.drop_instance():
                self.dropped += 1
            else:
                self._bytes.move_to_end(holder)
            if not self._crowded():
                return
