"""Randomness that nobody outside can predict."""

from __future__ import annotations

import operator
import uuid
from typing import TypeAlias

from kelpie_actor.host import Host

__all__ = ["Entropy"]

_CALL_BYTES_MAX = 65_536

# Within the class that name is the method's.
_Bytes: TypeAlias = bytes


class Entropy:
    """Random values of this turn; one that is run again gets the same."""

    __slots__ = ("_host",)

    def __init__(self, host: Host) -> None:
        self._host = host

    def bytes(self, length: int) -> _Bytes:
        """So many bytes, asked for in pieces of at most 65,536."""
        length = operator.index(length)
        if length < 0:
            raise ValueError("a length is not negative")
        if length <= _CALL_BYTES_MAX:
            return self._host.entropy_bytes(length)
        whole, rest = divmod(length, _CALL_BYTES_MAX)
        pieces = [_CALL_BYTES_MAX] * whole + ([rest] if rest else [])
        return b"".join(map(self._host.entropy_bytes, pieces))

    def u64(self) -> int:
        """An integer of 0 to 2**64 - 1."""
        return self._host.entropy_u64()

    def uuid(self) -> uuid.UUID:
        """A UUID of version 4."""
        return uuid.UUID(self._host.entropy_uuid())
