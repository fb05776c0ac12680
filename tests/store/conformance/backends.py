"""The backends that the suite runs on. A new one joins by a class here."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from kelpie.errors import StoreStopped
from kelpie.store.memory import MemoryStore
from kelpie.store.protocol import Store
from kelpie.store.sqlite import open_store
from tests.store.clock import ClockEnv, fail_test

__all__ = ["BACKENDS", "Backend", "MemoryBackend", "SqliteBackend"]


class Backend(Protocol):
    """One database, and a client of it."""

    env: ClockEnv
    store: Store

    async def open(self) -> None: ...

    async def reopen(self) -> None:
        """Closes `store`, and opens the same database anew."""
        ...

    async def close(self) -> None: ...


class MemoryBackend:
    store: Store

    def __init__(self, env: ClockEnv, path: Path) -> None:
        del path
        self.env = env
        self._memory = MemoryStore(env)

    async def open(self) -> None:
        self.store = self._memory.client(self.env)

    async def reopen(self) -> None:
        await self.store.close()
        await self.open()

    async def close(self) -> None:
        await self.store.close()


class SqliteBackend:
    store: Store

    def __init__(self, env: ClockEnv, path: Path) -> None:
        self.env = env
        self._path = path

    async def open(self) -> None:
        self.store = await open_store(self.env, self._path, _stopped)

    async def reopen(self) -> None:
        await self.store.close()
        await self.open()

    async def close(self) -> None:
        await self.store.close()


def _stopped(error: StoreStopped) -> None:
    fail_test("the store stopped", error)


BACKENDS: dict[str, type[MemoryBackend] | type[SqliteBackend]] = {
    "memory": MemoryBackend,
    "sqlite": SqliteBackend,
}
