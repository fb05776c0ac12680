"""Which actors of a node wait for which: so that none waits for itself."""

from __future__ import annotations

from kelpie.ids import Address
from kelpie.runtime.requests.message import Message, Stage

__all__ = ["Wait", "WaitGraph", "told_ring"]


class Wait:
    """One actor that waits for another to have run its call."""

    __slots__ = ("message", "target")

    def __init__(self, target: Address) -> None:
        self.target = target
        self.message: Message | None = None
        """The call, once it was asked."""

    @property
    def blocks(self) -> bool:
        """Whether the other has yet to run it. What has run waits for nothing
        but the store, whatever its actor does meanwhile."""
        message = self.message
        return message is None or message.stage in (Stage.QUEUED, Stage.RUNNING)


class WaitGraph:
    """Every actor that waits for another. Each waits for one at most: it runs
    one turn at a time, and a turn makes one call at a time."""

    __slots__ = ("_waits",)

    def __init__(self) -> None:
        self._waits: dict[Address, Wait] = {}

    def __len__(self) -> int:
        return len(self._waits)

    def ring(self, caller: Address, target: Address) -> list[Address]:
        """The actors that would wait for each other for ever if the caller
        waited for the target, from the caller to the caller; empty if none would."""
        path, at = [caller], target
        while at != caller:
            wait = self._waits.get(at)
            if wait is None or not wait.blocks or at in path:
                return []
            path.append(at)
            at = wait.target
        return [*path, caller]

    def add(self, caller: Address, target: Address) -> Wait:
        """The caller waits from now on, until it is removed."""
        assert caller not in self._waits, "an actor waits for one other at a time"
        wait = self._waits[caller] = Wait(target)
        return wait

    def remove(self, caller: Address) -> None:
        del self._waits[caller]


def told_ring(ring: list[Address]) -> str:
    """A ring for people."""
    return " -> ".join(map(str, ring))
