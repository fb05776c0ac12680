"""Versions: how a store numbers its commits, and for how long it knows them."""

from __future__ import annotations

from kelpie.env import Env
from kelpie.limits import Limits

__all__ = ["Versions"]

_NS_PER_VERSION = 1_000


class Versions:
    """Version numbers as FoundationDB gives them: about a million a second.

    So the age of a version is told by subtraction. They grow with the Env's
    monotonic clock and with every commit, whichever is more.
    """

    __slots__ = ("_env", "_epoch_ns", "_newest", "_window")

    def __init__(self, env: Env, limits: Limits, newest: int = 0) -> None:
        """`newest` is the last version that was given out before."""
        self._env = env
        self._window = limits.store_transaction_ms_max * 1000
        self._newest = newest
        self._epoch_ns = env.monotonic_ns() - newest * _NS_PER_VERSION

    def for_read(self) -> int:
        """A version not below any that was given out."""
        now = (self._env.monotonic_ns() - self._epoch_ns) // _NS_PER_VERSION
        if now > self._newest:
            self._newest = now
        return self._newest

    def for_commit(self) -> int:
        """A version above any that was given out."""
        now = (self._env.monotonic_ns() - self._epoch_ns) // _NS_PER_VERSION
        self._newest = now if now > self._newest else self._newest + 1
        return self._newest

    def oldest(self) -> int:
        """The oldest version that a transaction may still have."""
        return self._newest - self._window

    def jump(self, count: int) -> None:
        """Skips versions, as a recovery of FoundationDB does: all older ones are too old."""
        self._epoch_ns -= count * _NS_PER_VERSION
        self._newest += count
