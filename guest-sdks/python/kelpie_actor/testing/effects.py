"""What a fake host keeps, and what an actor sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from kelpie_actor.addresses import Address
from kelpie_actor.host import Payload

__all__ = ["Answer", "Message", "Stored"]


@dataclass(frozen=True)
class Message:
    """A message to another actor, or a reminder."""

    how: str
    """`call`, `send`, `send_after`, `request` or `remind`."""
    target: Address | None
    """None for a reminder, which is the actor's own."""
    operation: str
    argument: Payload
    more: dict[str, Any] = field(default_factory=dict)
    """What else was said: `key`, `delay_ms`, `continuation`, `name`, `schedule`, `missed`."""


Answer: TypeAlias = Callable[[Message], Payload]


@dataclass
class Stored:
    """All that a turn may change."""

    state: Payload | None = None
    kv: dict[str, Payload] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    reminders: set[str] = field(default_factory=set)

    def copy(self) -> Stored:
        return Stored(self.state, dict(self.kv), list(self.messages), set(self.reminders))
