"""What arrives at an actor, whoever sent it."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.ids import Address, Payload

__all__ = ["Envelope"]


@dataclass(slots=True)
class Envelope:
    """One request on its way to an actor: the only thing that the runtime sees.

    `recorded` says that somebody can ask again under the same `request_id` (a
    client that gave an Idempotency-Key, or a calling actor): then its outcome
    is kept with the turn. Otherwise the host made the id, and nobody could ever
    look the record up.
    """

    target: Address
    operation: str
    argument: Payload
    request_id: str
    principal: str
    recorded: bool
    deadline_ns: int
    """On the node's monotonic clock."""
