"""The trace hash: one number for everything that happened in a run.

Two runs with the same hash made the same choices, the same store operations,
the same host calls and the same replies, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final, TypeAlias

__all__ = ["Event", "Part", "Trace", "brief", "first_difference"]

Part: TypeAlias = "str | int | bytes | tuple[Part, ...] | None"
Event = tuple[str, Part]

_EVENTS_A_BLOCK: Final = 2048
_LARGE_BYTES: Final = 16_384
_LARGE_MAX: Final = 1_000
_LARGE: Final[dict[bytes, Part]] = {}
_LONG_BYTES: Final = 64


class Trace:
    """Takes what happens, in order.

    With `keep` the events stay readable, so that two runs that should be alike
    can be compared; without it only their hash and number remain.
    """

    __slots__ = ("_block", "_hash", "_keep", "choice", "count", "kept")

    def __init__(self, *, keep: bool = False) -> None:
        self._hash = blake2b(digest_size=16)
        self._block: list[Event] = []
        self.choice: Callable[[Event], None] = self._block.append
        """Notes a choice: its label, and what was chosen. Called more often than all else."""
        self._keep = keep
        self.count = 0
        self.kept: list[Event] = []

    def event(self, name: str, part: Part) -> None:
        """Notes an event. Parts are plain values whose `repr` depends on nothing
        but themselves."""
        self._block.append((name, part))
        if len(self._block) >= _EVENTS_A_BLOCK:
            self._flush()

    def hexdigest(self) -> str:
        """The hash of everything noted until now."""
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        self._hash.update(repr(self._block).encode())
        self.count += len(self._block)
        if self._keep:
            self.kept += self._block
        self._block.clear()


def brief(value: bytes | None) -> Part:
    """Bytes as the trace keeps them: long ones by digest and length."""
    if value is None or len(value) <= _LONG_BYTES:
        return value
    if len(value) <= _LARGE_BYTES:
        return _digested(value)
    # The parts of components are read at every start, and are the same in every run.
    if value not in _LARGE:
        if len(_LARGE) >= _LARGE_MAX:
            _LARGE.clear()
        _LARGE[value] = _digested(value)
    return _LARGE[value]


def _digested(value: bytes) -> Part:
    return (blake2b(value, digest_size=16).digest(), len(value))


def first_difference(one: list[Event], other: list[Event]) -> str | None:
    """The first event in which two runs differ, in words; None if in nothing."""
    for position, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return f"event {position}: {left!r} in one run, {right!r} in the other"
    if len(one) == len(other):
        return None
    position = min(len(one), len(other))
    return f"event {position}: only one run has {max(one, other, key=len)[position]!r}"
