"""What the simulator needs of the model: late and repeated commits, several
clients, jumps of the version, damage, and no history without end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kelpie.errors import StoreConflict, StoreTooOld
from kelpie.store.memory import CommitRequest, DirectLink, MemoryClient, MemoryStore
from tests.store.clock import ClockEnv
from tests.store.conformance.helpers import contents, put, read


class KeepingLink(DirectLink):
    """Keeps a copy of every commit that passes."""

    def __init__(self, store: MemoryStore, env: ClockEnv) -> None:
        super().__init__(store, env)
        self.kept: list[CommitRequest] = []

    async def commit(self, request: CommitRequest) -> int:
        self.kept.append(request)
        return await super().commit(request)


class LosingLink(KeepingLink):
    """Says that it committed, and did not: the commit can land later."""

    async def commit(self, request: CommitRequest) -> int:
        self.kept.append(request)
        return request.version


@pytest.fixture
async def env() -> AsyncIterator[ClockEnv]:
    env = ClockEnv()
    yield env
    env.close()


@pytest.fixture
def memory(env: ClockEnv) -> MemoryStore:
    return MemoryStore(env)


async def test_clients_share_one_database(env: ClockEnv, memory: MemoryStore) -> None:
    one, two = memory.client(env), memory.client(env)
    await put(one, a=b"1")
    assert await read(two, b"a") == b"1"
    await one.close()
    assert await read(two, b"a") == b"1"


async def test_a_commit_can_land_late(env: ClockEnv, memory: MemoryStore) -> None:
    link = LosingLink(memory, env)
    await put(MemoryClient(memory, link), a=b"late")
    assert await read(memory.client(env), b"a") is None
    env.advance(1_000)
    memory.apply(link.kept[0])
    assert await read(memory.client(env), b"a") == b"late"


async def test_a_straggler_conflicts_with_a_barrier(env: ClockEnv, memory: MemoryStore) -> None:
    link = LosingLink(memory, env)
    straggler = MemoryClient(memory, link).transaction()
    await straggler.get(b"seq")
    straggler.set(b"seq", b"2")
    await straggler.commit()
    barrier = memory.client(env).transaction()
    await barrier.get(b"seq")
    barrier.clear(b"seq")  # writes back what was read: nothing
    await barrier.commit()
    with pytest.raises(StoreConflict):
        memory.apply(link.kept[0])
    assert await contents(memory.client(env)) == []


async def test_a_straggler_grows_too_old(env: ClockEnv, memory: MemoryStore) -> None:
    link = LosingLink(memory, env)
    await put(MemoryClient(memory, link), a=b"late")
    env.advance(5_001)
    with pytest.raises(StoreTooOld):
        memory.apply(link.kept[0])


async def test_a_commit_that_read_what_it_wrote_cannot_land_twice(
    env: ClockEnv, memory: MemoryStore
) -> None:
    link = KeepingLink(memory, env)
    transaction = MemoryClient(memory, link).transaction()
    await transaction.get(b"n")
    transaction.add(b"n", 1)
    await transaction.commit()
    with pytest.raises(StoreConflict):
        memory.apply(link.kept[0])


async def test_a_jump_makes_all_versions_too_old(env: ClockEnv, memory: MemoryStore) -> None:
    client = memory.client(env)
    await put(client, a=b"1")
    transaction = client.transaction()
    await transaction.get(b"a")
    transaction.set(b"a", b"2")
    memory.jump(10_000_000)
    with pytest.raises(StoreTooOld):
        await transaction.get(b"b")
    with pytest.raises(StoreTooOld):
        await transaction.commit()
    assert await read(client, b"a") == b"1"


async def test_damage_can_be_done(env: ClockEnv, memory: MemoryStore) -> None:
    client = memory.client(env)
    await put(client, a=b"good")
    memory.overwrite(b"a", b"bad")
    assert await read(client, b"a") == b"bad"


async def test_history_is_forgotten(env: ClockEnv, memory: MemoryStore) -> None:
    client = memory.client(env)
    for number in range(100):
        await put(client, same=b"%d" % number, **{f"k{number}": b""})
        transaction = client.transaction()
        transaction.clear(b"k%d" % number)
        await transaction.commit()
        env.advance(1_000)
    assert len(memory._history) < 10
    assert len(memory._history[b"same"]) < 10
    assert memory._keys == sorted(memory._history)
    assert await contents(client) == [(b"same", b"99")]
