"""A turn's randomness: expanded from its seed, so that it can be run again."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

__all__ = ["EntropyKeys", "EntropyStream", "uuid_of"]


class EntropyKeys(NamedTuple):
    """What a turn's randomness is expanded from. Other than the seed, of which
    they are made, they tell nothing of any other turn."""

    turn: bytes
    beginning: bytes
    """Of what an instance gets as it begins. The turn's own randomness is the
    same whether it made the instance or found it."""

    @classmethod
    def of(cls, seed: bytes) -> EntropyKeys:
        return cls(_key(seed), _key(seed + b" beginning"))


def _key(seed: bytes) -> bytes:
    return hashlib.sha256(b"kelpie entropy " + seed).digest()


class EntropyStream:
    """Bytes that depend on the key alone, and that nobody without it can tell
    from random ones. Each draw is SHAKE-256 of the key and the draw's number."""

    __slots__ = ("_draws", "_key")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._draws = 0

    def draw(self, count: int) -> bytes:
        """The next `count` bytes."""
        number = self._draws.to_bytes(8, "little")
        self._draws += 1
        return hashlib.shake_256(self._key + number).digest(count)


def uuid_of(drawn: bytes) -> str:
    """A UUID of version 4, made of 16 random bytes."""
    octets = bytearray(drawn)
    octets[6] = octets[6] & 0x0F | 0x40  # version 4
    octets[8] = octets[8] & 0x3F | 0x80  # the variant of RFC 9562
    digits = octets.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
