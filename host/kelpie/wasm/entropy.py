"""A turn's randomness: expanded from its seed, so that it can be run again."""

from __future__ import annotations

import hashlib

__all__ = ["EntropyStream"]


class EntropyStream:
    """Bytes that depend on the seed alone, and that nobody without it can tell
    from random ones. Each draw is SHAKE-256 of the seed and the draw's number."""

    __slots__ = ("_draws", "_seed")

    def __init__(self, seed: bytes) -> None:
        self._seed = hashlib.sha256(b"kelpie entropy " + seed).digest()
        self._draws = 0

    def draw(self, count: int) -> bytes:
        """The next `count` bytes."""
        number = self._draws.to_bytes(8, "little")
        self._draws += 1
        return hashlib.shake_256(self._seed + number).digest(count)
