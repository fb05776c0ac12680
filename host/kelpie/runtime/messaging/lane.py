"""The letters of one sender to one receiver: in order, one at a time."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from kelpie.ids import Address
from kelpie.runtime.messaging.letter import Letter, Number

__all__ = ["Lane", "Waiting"]

# Read ahead, so that a receiver need not wait for the store.
_LETTERS_MAX = 64


class Waiting(NamedTuple):
    """A letter that was read from the outbox."""

    key: bytes
    number: Number
    letter: Letter
    is_large: bool
    """Whether its row may have chunks."""


class Lane:
    """What is known of the letters to one receiver.

    A letter is only tried when all before it in its lane are delivered. Those
    that find no room here, or wait for another attempt, stay in the store:
    `behind` is where they begin.
    """

    __slots__ = ("attempts", "behind", "in_flight", "queue", "receiver", "since_ns", "until_ns")

    def __init__(self, receiver: Address) -> None:
        self.receiver = receiver
        self.queue: deque[Waiting] = deque()
        self.in_flight = False
        self.behind: bytes | None = None
        self.attempts = 0
        """Those of the first letter that have failed."""
        self.since_ns = 0
        """When the first of them began."""
        self.until_ns = 0
        """When the next one may be made."""

    @property
    def is_full(self) -> bool:
        return len(self.queue) >= _LETTERS_MAX

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to do."""
        return not self.queue and not self.in_flight and self.behind is None

    def is_due(self, now_ns: int) -> bool:
        """Whether its letters are to be read from the store again."""
        return (
            self.behind is not None
            and not self.queue
            and not self.in_flight
            and now_ns >= self.until_ns
        )

    def delivered(self) -> Waiting:
        """The first letter is settled; which it was."""
        self.attempts = 0
        self.in_flight = False
        return self.queue.popleft()

    def give_up(self, until_ns: int) -> list[Waiting]:
        """Another attempt is to be made, not before `until_ns`; the letters that
        are no longer held here."""
        self.in_flight = False
        self.attempts += 1
        self.until_ns = until_ns
        self.behind = self.queue[0].key
        dropped = list(self.queue)
        self.queue.clear()
        return dropped
