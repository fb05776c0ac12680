"""Which durable turns are in flight: the rows of their index."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.store.packing import pack_value
from kelpie.store.rows import unpack_members

__all__ = ["InFlight"]

_VERSION = 1


class InFlight(NamedTuple):
    """How far the durable turn of an actor has come."""

    operation: str
    number: int
    deploy_number: int
    begun_ns: int
    """By the wall clock."""
    request_id: str
    calls: int
    """To others, with answers that are durable."""
    size: int
    """What is kept of it until it ends."""

    def stored(self) -> bytes:
        value: bytes = pack_value((_VERSION, *self))
        return value

    @classmethod
    def read(cls, key: bytes, value: bytes) -> InFlight:
        """Raises:
        StoredValueCorrupt, StoreFormatUnsupported
        """
        return cls(*unpack_members(key, value, _VERSION, len(cls._fields)))
