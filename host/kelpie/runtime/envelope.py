"""What arrives at an actor, whoever sent it."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.errors import InvalidRequest, PayloadTooLarge
from kelpie.ids import Address, Payload
from kelpie.limits import Limits

__all__ = ["DELETION", "Envelope", "check_envelope", "deleted_reply", "deletion"]

DELETION = "(delete)"
"""What logs and histories call the deletion of an actor, where others have the
name of an operation."""


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
    deletes: bool = False
    """Whether it asks for no operation, but for the end of what the actor stores."""


def deletion(
    target: Address, request_id: str, principal: str, *, recorded: bool, deadline_ns: int
) -> Envelope:
    """Asks for the deletion of an actor: a turn like any other, which no guest runs.

    The reply is `deleted_reply`.
    """
    nothing = Payload(True, b"")
    return Envelope(
        target, DELETION, nothing, request_id, principal, recorded, deadline_ns, deletes=True
    )


def deleted_reply(held_anything: bool) -> Payload:
    """The reply to a deletion: whether the actor had state or kv."""
    return Payload(True, b'{"deleted":true}' if held_anything else b'{"deleted":false}')


def check_envelope(envelope: Envelope, limits: Limits) -> None:
    """What the runtime asks of every envelope, whoever made it.

    Raises:
        InvalidRequest, PayloadTooLarge: the message names the limit.
    """
    argument = envelope.argument
    bytes_max = limits.payload_bytes_max
    if not argument.is_text:
        bytes_max = min(bytes_max, limits.binary_bytes_max)
    if len(argument.data) > bytes_max:
        name = "payload_bytes_max" if argument.is_text else "binary_bytes_max"
        raise PayloadTooLarge(
            f"the argument has {len(argument.data)} bytes; at most {bytes_max} are allowed "
            f"({name})",
            limit=name,
        )
    for what, value, bytes_max in (
        ("operation's name", envelope.operation, limits.operation_name_bytes_max),
        ("request's id", envelope.request_id, limits.request_id_bytes_max),
        ("principal's name", envelope.principal, limits.principal_bytes_max),
    ):
        if not (value.isascii() and 0 < len(value) <= bytes_max):
            _check_size(what, value, bytes_max)


def _check_size(what: str, value: str, bytes_max: int) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidRequest(f"the {what} is not valid UTF-8") from None
    if not 0 < size <= bytes_max:
        raise InvalidRequest(f"the {what} has {size} bytes; it must have 1 to {bytes_max}")
