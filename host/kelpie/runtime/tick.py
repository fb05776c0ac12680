"""The store-wide clock by which request records age.

It is a number in the store that goes up by one about every `store_tick_ms`,
whoever advances it. No wall clock is asked, and no node counts on its own.
"""

from __future__ import annotations

import logging

import msgpack

from kelpie.env import Env
from kelpie.errors import StoreCommitUnknown, StoreError, StoreReadFailed
from kelpie.limits import Limits
from kelpie.store import keyspace
from kelpie.store.frame import frame, unframe
from kelpie.store.protocol import Store, Transaction
from kelpie.store.retry import transact

__all__ = ["TICKS_BEHIND_MAX", "Tick"]

_log = logging.getLogger("kelpie")

# A node may know a tick for one tick's length before it must ask again, and its
# commit may take a little longer still: what it writes is this far behind at most.
TICKS_BEHIND_MAX = 2

_NS_PER_MS = 1_000_000


class Tick:
    """What this node knows of the tick."""

    def __init__(self, env: Env, store: Store, limits: Limits) -> None:
        self._env = env
        self._store = store
        self._limits = limits
        self._key = keyspace.tick()
        self._refreshed_ns: int | None = None
        self._changed_ns: int | None = None
        self.value = 0

    @property
    def fresh(self) -> bool:
        """Whether `value` may be written into records."""
        if self._refreshed_ns is None:
            return False
        age = self._env.monotonic_ns() - self._refreshed_ns
        return age < self._limits.store_tick_ms * _NS_PER_MS

    async def refresh(self) -> None:
        """Learns the tick, and advances it when it has stood for its length.

        Raises:
            StoreError: the store did not answer; what was known stays.
        """
        # The clock is read first: what is learned is not younger than that.
        begun_ns = self._env.monotonic_ns()
        value = await transact(self._env, self._store, self._limits, self.read)
        if value == self.value and self._stood_ns() >= self._limits.store_tick_ms * _NS_PER_MS:
            value = await self._advance(value)
        if value < self.value:
            # Somebody else here has learned more meanwhile.
            return
        if value > self.value or self._changed_ns is None:
            self._changed_ns = self._env.monotonic_ns()
        self.value = value
        self._refreshed_ns = begun_ns

    def _stood_ns(self) -> int:
        """For how long this node has seen the tick as it is."""
        return 0 if self._changed_ns is None else self._env.monotonic_ns() - self._changed_ns

    async def _advance(self, value: int) -> int:
        """Puts the tick forward, unless somebody did; its value."""

        async def advance(transaction: Transaction) -> int:
            current = await self.read(transaction)
            if current == value:
                current += 1
                transaction.set(self._key, frame(self._key, msgpack.packb(current)))
            return current

        try:
            return await transact(self._env, self._store, self._limits, advance, repeatable=True)
        except StoreCommitUnknown as error:
            raise StoreReadFailed("whether the tick has advanced is not known") from error

    async def keep(self) -> None:
        """Refreshes for ever, twice a tick. A store that fails is asked again:
        until it answers the tick goes stale, and commits that need it fail."""
        while True:
            await self._env.sleep(self._limits.store_tick_ms / 2)
            try:
                await self.refresh()
            except StoreError as error:
                _log.warning("the tick of the store could not be refreshed: %s", error.message)

    async def read(self, transaction: Transaction) -> int:
        """The tick as a transaction sees it."""
        stored = await transaction.get(self._key)
        if stored is None:
            return 0
        value: int = msgpack.unpackb(unframe(self._key, stored))
        return value
