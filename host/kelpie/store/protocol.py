"""What a store is: FoundationDB's model, cut to what Kelpie needs.

Keys and values are bytes, keys are ordered by their bytes. Transactions are
optimistic and strictly serializable: a commit succeeds only if nothing that the
transaction read (its read conflict ranges) was written by a commit after its
read version. A store sees no actors; everything about them lives above it.

Every backend passes the same suite: `tests/store/conformance/`.
"""

from __future__ import annotations

from typing import Protocol

from kelpie.meters.store import StoreMeter

__all__ = ["KeyValue", "Store", "Transaction"]

KeyValue = tuple[bytes, bytes]


class Transaction(Protocol):
    """One attempt. Used once: after `commit` or `cancel` it is finished.

    Reads see the store as it was at the read version, with this transaction's
    own writes on top. Read methods are coroutines that may or may not suspend.
    """

    async def read_version(self) -> int:
        """The version that reads see.

        It includes every commit that was acknowledged before the transaction
        first read (or first asked for its version), by any client of the store.
        """
        ...

    async def get(self, key: bytes, *, snapshot: bool = False) -> bytes | None:
        """The value, or None. Unless `snapshot`, the key becomes a read conflict.

        Raises:
            StoreTooOld, StoreReadFailed, StoreStopped
        """
        ...

    async def get_range(
        self,
        begin: bytes,
        end: bytes,
        *,
        limit: int,
        bytes_max: int | None = None,
        reverse: bool = False,
        snapshot: bool = False,
    ) -> list[KeyValue]:
        """At most `limit` pairs with `begin <= key < end`, in order (or reversed).

        It ends early behind the pair with which keys and values have
        `bytes_max` bytes or more. So fewer pairs than `limit`, with fewer bytes,
        are all that there are.

        Unless `snapshot`, the part of the range that was read becomes a read
        conflict range: up to the last pair returned if it was cut short.
        """
        ...

    def set(self, key: bytes, value: bytes) -> None: ...

    def clear(self, key: bytes) -> None: ...

    def clear_range(self, begin: bytes, end: bytes) -> None:
        """Removes `begin <= key < end`."""
        ...

    def add(self, key: bytes, delta: int) -> None:
        """Adds to a little-endian 64-bit counter (absent: 0) without a read conflict.

        Wraps around. Such values are plain numbers, without a frame.
        """
        ...

    def set_versionstamped(self, prefix: bytes, suffix: bytes, value: bytes) -> None:
        """Sets `prefix + stamp + suffix`, where `stamp` is ten bytes that are
        greater than in every commit before, and known only once committed."""
        ...

    def add_read_conflict(self, *keys: bytes) -> None:
        """As if each had been read, without reading it."""
        ...

    def add_read_conflict_range(self, begin: bytes, end: bytes) -> None: ...

    async def commit(self) -> int:
        """Commits. Returns the version: the effects are durable and every
        transaction that begins from now on sees them.

        A transaction without writes commits at its read version, checks
        nothing and never fails.

        Raises:
            StoreConflict: surely not committed; a transaction that begins from
                now on sees what this one met.
            StoreTooOld: surely not committed.
            StoreWriteFailed (StoreFull): surely not committed.
            StoreCommitUnknown: committed, or not, or it will be at any later
                time until a conflicting transaction commits.
            StoreStopped: the store is gone; the outcome is unknown.
        """
        ...

    def cancel(self) -> None:
        """Gives the transaction up. Nothing of it happens."""
        ...


class Store(Protocol):
    @property
    def meter(self) -> StoreMeter:
        """What it has written, for whoever watches."""
        ...

    @property
    def queued_bytes(self) -> int:
        """Commits that wait to be written, or are being written, in this process."""
        ...

    def transaction(self, read_version: int | None = None) -> Transaction:
        """A new transaction; `read_version` makes it see, and conflict from, an
        earlier version that this client learned from a commit or a read.

        That is how an owner commits without reading: what it knows to be true
        at that version is checked by conflict ranges alone. A version older
        than `store_transaction_ms_max` fails with StoreTooOld at the latest at
        commit.
        """
        ...

    async def close(self) -> None:
        """Waits for commits in flight, then lets go. Idempotent."""
        ...
