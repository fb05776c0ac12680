"""What a turn sends to others and sets for itself: effects, kept by its commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from kelpie.ids import Address, Payload
from kelpie.wasm.schedule import SetReminder

__all__ = ["Outgoing", "Send"]


class Send(NamedTuple):
    """A message that leaves when the turn commits."""

    target: Address
    operation: str
    argument: Payload
    delay_ms: int = 0
    """After the turn's time."""
    continuation: str | None = None
    """The operation of the sender that gets the reply, if it asked for one."""

    @property
    def size(self) -> int:
        """What it counts of the writes of its turn and of its sender's outbox."""
        texts = (*self.target, self.operation, self.continuation or "")
        return len(self.argument.data) + sum(len(each.encode()) for each in texts)


@dataclass(slots=True)
class Outgoing:
    sends: list[Send] = field(default_factory=list)
    """In the order in which the guest asked for them."""
    bytes: int = 0
    """The sizes of the sends, summed."""
    reminders: dict[str, SetReminder | None] = field(default_factory=dict)
    """What becomes of reminders, by name: set, or cancelled (None)."""
