"""A message on its way from one actor to another, as an outbox keeps it."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.ids import Address, Payload
from kelpie.runtime.requests.cause import Cause
from kelpie.store.packing import pack_value
from kelpie.store.rows import unpack_members

__all__ = ["Letter", "Number"]

_VERSION = 1


class Number(NamedTuple):
    """Which of its sender's letters it is. They only grow, and no two are the same.

    A turn that commits has a number that no other turn of the actor has, until
    its kind is deleted and turns begin anew; `generation` tells that apart.
    """

    generation: int
    turn: int
    ordinal: int

    def __str__(self) -> str:
        return ".".join(map(str, self))


class Letter(NamedTuple):
    target: Address
    operation: str
    argument: Payload
    continuation: str | None
    """The operation of its sender that gets the reply, if it asked for one."""
    asked_by: str
    """The id of the request in whose turn it was sent."""
    sent_ns: int
    """The time of that turn."""
    cause: Cause
    """What its own turn is caused by: that turn."""

    @property
    def size(self) -> int:
        return len(self.argument.data)

    def stored(self) -> bytes:
        value: bytes = pack_value((_VERSION, *self))
        return value

    @classmethod
    def read(cls, key: bytes, value: bytes) -> Letter:
        """Raises:
        StoredValueCorrupt, StoreFormatUnsupported
        """
        members = unpack_members(key, value, _VERSION, len(cls._fields))
        target, operation, argument, continuation, asked_by, sent_ns, cause = members
        return cls(
            Address(*target),
            operation,
            Payload(*argument),
            continuation,
            asked_by,
            sent_ns,
            Cause(*cause),
        )
