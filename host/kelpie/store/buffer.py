"""What one transaction has read and wants to write, before it is committed.

Reading one's own writes and noting read conflicts is the same in every backend.
"""

from __future__ import annotations

from kelpie.limits import DEFAULT_LIMITS
from kelpie.store.protocol import KeyValue

__all__ = ["COUNTER_BYTES", "END", "STAMP_BYTES", "Buffer", "Write", "added"]

COUNTER_BYTES = 8
STAMP_BYTES = 10
END = b"\xff"
"""Keys lie before it; behind it a backend may keep notes of its own."""

_KEY_BYTES_MAX = DEFAULT_LIMITS.store_key_bytes_max
_VALUE_BYTES_MAX = DEFAULT_LIMITS.store_value_bytes_max
_TRANSACTION_BYTES_MAX = DEFAULT_LIMITS.store_transaction_bytes_max
_COUNTER_MASK = (1 << 8 * COUNTER_BYTES) - 1

Write = bytes | int | None
"""A value that was set, a number that was added to what is stored, or a clear."""


def added(stored: bytes | None, delta: int) -> bytes:
    """A counter's value after an addition; it wraps around."""
    before = int.from_bytes((stored or b"")[:COUNTER_BYTES], "little")
    return ((before + delta) & _COUNTER_MASK).to_bytes(COUNTER_BYTES, "little")


class Buffer:
    """The writes and read conflicts of one transaction.

    The ranges of `cleared` come first and the `writes` on top: clearing a range
    takes the earlier writes in it back, and adding to a key in a cleared range
    sets it. So a number in `writes` always is added to what is stored.

    Sizes are limited as FoundationDB limits them; to go beyond is a mistake of
    the host, hence assertions.
    """

    __slots__ = (
        "cleared",
        "has_additions",
        "read_keys",
        "read_ranges",
        "size",
        "stamped",
        "writes",
    )

    def __init__(self) -> None:
        self.writes: dict[bytes, Write] = {}
        self.cleared: list[tuple[bytes, bytes]] = []
        self.stamped: list[tuple[bytes, bytes, bytes]] = []
        """Prefix, suffix and value of the keys that get a versionstamp."""
        self.read_keys: list[bytes] = []
        self.read_ranges: list[tuple[bytes, bytes]] = []
        self.has_additions = False
        """Whether there may be a number in `writes`."""
        self.size = 0
        """Bytes of keys and values written."""

    @property
    def has_writes(self) -> bool:
        return bool(self.writes or self.cleared or self.stamped)

    def set(self, key: bytes, value: bytes) -> None:
        assert len(key) <= _KEY_BYTES_MAX, f"a key of {len(key)} bytes"
        assert len(value) <= _VALUE_BYTES_MAX, f"a value of {len(value)} bytes"
        assert key < END, "keys lie before 0xff"
        self.writes[key] = value
        self.size += len(key) + len(value)

    def clear(self, key: bytes) -> None:
        assert len(key) <= _KEY_BYTES_MAX, f"a key of {len(key)} bytes"
        assert key < END, "keys lie before 0xff"
        self.writes[key] = None
        self.size += len(key)

    def clear_range(self, begin: bytes, end: bytes) -> None:
        assert end <= END, "keys lie before 0xff"
        if begin >= end:
            return
        for key in [key for key in self.writes if begin <= key < end]:
            del self.writes[key]
        self.cleared.append((begin, end))
        self.size += len(begin) + len(end)

    def add(self, key: bytes, delta: int) -> None:
        if self.knows(key):
            self.set(key, added(self.applied(key, None), delta))
            return
        assert len(key) <= _KEY_BYTES_MAX, f"a key of {len(key)} bytes"
        assert key < END, "keys lie before 0xff"
        before = self.writes.get(key, 0)
        assert isinstance(before, int), "anything else would be known"
        self.writes[key] = before + delta
        self.has_additions = True
        self.size += len(key) + COUNTER_BYTES

    def set_versionstamped(self, prefix: bytes, suffix: bytes, value: bytes) -> None:
        key_bytes = len(prefix) + STAMP_BYTES + len(suffix)
        assert key_bytes <= _KEY_BYTES_MAX, f"a key of {key_bytes} bytes"
        assert len(value) <= _VALUE_BYTES_MAX, f"a value of {len(value)} bytes"
        assert prefix < END, "keys lie before 0xff"
        self.stamped.append((prefix, suffix, value))
        self.size += key_bytes + len(value)

    def check_size(self) -> None:
        assert self.size <= _TRANSACTION_BYTES_MAX, f"a transaction of {self.size} bytes"

    def stamped_writes(self, version: int) -> list[KeyValue]:
        """The keys with versionstamps, once the version is known."""
        assert len(self.stamped) < 1 << 16, "a stamp has two bytes for the order in its commit"
        stem = version.to_bytes(8, "big")
        return [
            (prefix + stem + order.to_bytes(2, "big") + suffix, value)
            for order, (prefix, suffix, value) in enumerate(self.stamped)
        ]

    def knows(self, key: bytes) -> bool:
        """Whether the value of `key` is the same whatever is stored."""
        if key in self.writes:
            return not isinstance(self.writes[key], int)
        return bool(self.cleared) and any(begin <= key < end for begin, end in self.cleared)

    def applied(self, key: bytes, stored: bytes | None) -> bytes | None:
        """The value of `key`, with these writes on top of what is stored."""
        if key in self.writes:
            write = self.writes[key]
            return added(stored, write) if isinstance(write, int) else write
        return None if self.knows(key) else stored

    def overlay(self, stored: list[KeyValue], begin: bytes, end: bytes) -> list[KeyValue]:
        """The pairs of `begin <= key < end`, with these writes on top of what is stored."""
        values: dict[bytes, bytes | None] = dict(stored)
        for key in self.writes:
            if begin <= key < end:
                values.setdefault(key, None)
        pairs = [(key, self.applied(key, value)) for key, value in values.items()]
        return sorted([(key, value) for key, value in pairs if value is not None])
