"""What could not be delivered: kept by its receiver, with the reason, for people."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.ids import Address, Payload
from kelpie.runtime.messaging.letter import Number
from kelpie.store.packing import pack_value
from kelpie.store.rows import unpack_members

__all__ = ["DeadLetter"]

_VERSION = 1


class DeadLetter(NamedTuple):
    sender: Address
    number: Number
    """That which it had when it was sent."""
    operation: str
    argument: Payload
    asked_by: str
    sent_ns: int
    died_ns: int
    attempts: int
    """Of the host that gave up."""
    code: str
    """Of the error that it died of."""
    rejection: str | None
    """The actor's own code, if it was a rejection."""
    message: str

    def stored(self) -> bytes:
        value: bytes = pack_value((_VERSION, *self))
        return value

    @classmethod
    def read(cls, key: bytes, value: bytes) -> DeadLetter:
        """Raises:
        StoredValueCorrupt, StoreFormatUnsupported
        """
        sender, number, operation, argument, *rest = unpack_members(
            key, value, _VERSION, len(cls._fields)
        )
        return cls(Address(*sender), Number(*number), operation, Payload(*argument), *rest)
