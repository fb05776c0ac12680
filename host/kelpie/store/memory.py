"""The model store: what every other backend is compared with, in memory.

One `MemoryStore` is the database; each node has a `MemoryClient` of it, joined
to it by a `Link`. Everything that can go wrong on the way is the link's doing:
the simulator brings its own, which may lose, delay or repeat what passes.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

from kelpie.env import Env
from kelpie.errors import StoreConflict, StoreStopped, StoreTooOld
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.meters.store import StoreMeter
from kelpie.store.buffer import Buffer, added
from kelpie.store.conflicts import Conflicts
from kelpie.store.protocol import KeyValue
from kelpie.store.transaction import BufferedTransaction
from kelpie.store.versions import Versions

__all__ = ["CommitRequest", "DirectLink", "Link", "MemoryClient", "MemoryStore"]

Result = TypeVar("Result")


class CommitRequest:
    """A commit on its way to the store. It never changes: it can land late, or twice."""

    __slots__ = ("buffer", "version")

    def __init__(self, version: int, buffer: Buffer) -> None:
        self.version = version
        self.buffer = buffer


class Link(Protocol):
    """How a client's operations reach the store."""

    async def read(self, operation: Callable[[], Result]) -> Result:
        """Runs a read on the store and returns what it gave.

        Raises:
            StoreReadFailed, StoreTooOld, StoreStopped
        """
        ...

    async def commit(self, request: CommitRequest) -> int:
        """Has the store `apply` the request and returns the version.

        Raises: as `Transaction.commit`.
        """
        ...


class DirectLink:
    """A link on which nothing goes wrong. A commit takes one turn of the loop."""

    def __init__(self, store: MemoryStore, env: Env) -> None:
        self._store = store
        self._env = env

    async def read(self, operation: Callable[[], Result]) -> Result:
        return operation()

    async def commit(self, request: CommitRequest) -> int:
        await self._env.sleep(0)
        return self._store.apply(request)


class MemoryStore:
    """All versions of all pairs, for as long as a transaction may read them.

    `env` is the store's own: its clock alone tells how old a version is.
    """

    def __init__(self, env: Env, limits: Limits = DEFAULT_LIMITS) -> None:
        self._versions = Versions(env, limits)
        self._conflicts = Conflicts(limits.store_recent_write_bytes_max)
        self._history: dict[bytes, list[tuple[int, bytes | None]]] = {}
        """For each key its values, each with the version that wrote it, oldest first."""
        self._keys: list[bytes] = []
        """The keys of `_history`, in order."""
        self._superseded: deque[tuple[int, bytes]] = deque()
        """Keys with a value that was replaced in that version, to be pruned."""

    def client(self, env: Env) -> MemoryClient:
        """The store as the node of `env` sees it when nothing goes wrong."""
        return MemoryClient(self, DirectLink(self, env))

    def version(self) -> int:
        """The read version of a transaction that begins now."""
        return self._versions.for_read()

    def get(self, key: bytes, version: int) -> bytes | None:
        """The value at a version.

        Raises:
            StoreTooOld
        """
        self._check_age(version)
        return self._at(key, version)

    def get_range(
        self,
        begin: bytes,
        end: bytes,
        version: int,
        limit: int,
        bytes_max: int | None,
        reverse: bool,
    ) -> list[KeyValue]:
        """The pairs at a version, as `Transaction.get_range`.

        Raises:
            StoreTooOld
        """
        self._check_age(version)
        first, last = bisect_left(self._keys, begin), bisect_left(self._keys, end)
        places = range(last - 1, first - 1, -1) if reverse else range(first, last)
        pairs: list[KeyValue] = []
        size = 0
        for place in places:
            key = self._keys[place]
            value = self._at(key, version)
            if value is None:
                continue
            pairs.append((key, value))
            size += len(key) + len(value)
            if len(pairs) == limit or (bytes_max is not None and size >= bytes_max):
                break
        return pairs

    def apply(self, request: CommitRequest) -> int:
        """Decides a commit and applies it, now; its version.

        Raises:
            StoreConflict, StoreTooOld: nothing was applied.
        """
        self._check_age(request.version)
        buffer = request.buffer
        if self._conflicts.met_by(request.version, buffer.read_keys, buffer.read_ranges):
            raise StoreConflict("another transaction has written what this one read")
        version = self._versions.for_commit()
        written = [*buffer.writes, *(key for key, _ in buffer.stamped_writes(version))]
        self._conflicts.record(version, written, buffer.cleared)
        self._write(buffer, version)
        self._prune()
        return version

    def overwrite(self, key: bytes, value: bytes) -> None:
        """Changes what is stored behind everybody's back, as a bad disk does."""
        history = self._history[key]
        history[-1] = (history[-1][0], value)

    def pairs(self) -> list[KeyValue]:
        """Everything that is stored now."""
        newest = [(key, self._history[key][-1][1]) for key in self._keys]
        return [(key, value) for key, value in newest if value is not None]

    def jump(self, count: int) -> None:
        """Skips `count` versions, about a million a second, as a recovery does."""
        self._versions.jump(count)

    def _check_age(self, version: int) -> None:
        newest = self._versions.for_read()
        assert version <= newest, "a version of the future"
        self._conflicts.forget(self._versions.oldest())
        if version < self._conflicts.oldest:
            raise StoreTooOld("the transaction's read version is too old")

    def _at(self, key: bytes, version: int) -> bytes | None:
        for written, value in reversed(self._history.get(key, ())):
            if written <= version:
                return value
        return None

    def _write(self, buffer: Buffer, version: int) -> None:
        for begin, end in buffer.cleared:
            first, last = bisect_left(self._keys, begin), bisect_left(self._keys, end)
            for key in self._keys[first:last]:
                if self._history[key][-1][1] is not None:
                    self._put(key, None, version)
        for key, write in buffer.writes.items():
            if isinstance(write, int):
                self._put(key, added(self._at(key, version), write), version)
            else:
                self._put(key, write, version)
        for key, value in buffer.stamped_writes(version):
            self._put(key, value, version)

    def _put(self, key: bytes, value: bytes | None, version: int) -> None:
        history = self._history.get(key)
        if history is None:
            if value is None:
                return
            self._history[key] = [(version, value)]
            insort(self._keys, key)
            return
        if history[-1][0] == version:
            history[-1] = (version, value)
        else:
            history.append((version, value))
        self._superseded.append((version, key))

    def _prune(self) -> None:
        """Drops the values that no transaction may read any more."""
        oldest = self._conflicts.oldest
        while self._superseded and self._superseded[0][0] <= oldest:
            _, key = self._superseded.popleft()
            history = self._history.get(key, [])
            while len(history) > 1 and history[1][0] <= oldest:
                del history[0]
            if len(history) == 1 and history[0][1] is None and history[0][0] <= oldest:
                del self._history[key]
                del self._keys[bisect_left(self._keys, key)]


class MemoryClient:
    """A `Store`: one node's door to the memory store."""

    def __init__(self, store: MemoryStore, link: Link) -> None:
        self.store = store
        self.link = link
        self.meter = StoreMeter()
        self._closed = False

    @property
    def queued_bytes(self) -> int:
        """Nothing is queued here: what waits is on the link."""
        return 0

    def transaction(self, read_version: int | None = None) -> MemoryTransaction:
        if self._closed:
            raise StoreStopped("the store is closed")
        return MemoryTransaction(self, read_version)

    async def close(self) -> None:
        self._closed = True


class MemoryTransaction(BufferedTransaction):
    """A `Transaction` on the memory store."""

    __slots__ = ("_client",)

    def __init__(self, client: MemoryClient, version: int | None) -> None:
        super().__init__(version)
        self._client = client

    def pin(self) -> int:
        if self.version is None:
            self.version = self._client.store.version()
        return self.version

    async def read_version(self) -> int:
        assert not self.finished
        return await self._client.link.read(self.pin)

    async def read_stored(self, key: bytes) -> bytes | None:
        store = self._client.store
        return await self._client.link.read(lambda: store.get(key, self.pin()))

    async def read_stored_range(
        self, begin: bytes, end: bytes, limit: int, bytes_max: int | None, reverse: bool
    ) -> list[KeyValue]:
        store = self._client.store
        return await self._client.link.read(
            lambda: store.get_range(begin, end, self.pin(), limit, bytes_max, reverse)
        )

    async def commit_writes(self) -> int:
        return await self._client.link.commit(CommitRequest(self.pin(), self))

    def let_go(self) -> None:
        """Nothing is held."""
