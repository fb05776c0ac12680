"""Values of any size: whole or found damaged, and nothing stale is left."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kelpie.errors import StoredValueCorrupt
from kelpie.ids import Payload
from kelpie.limits import DEFAULT_LIMITS, MIB
from kelpie.store.chunks import (
    clear_value,
    decode_payload,
    encode_payload,
    finish_value,
    read_value,
    value_bytes,
    write_value,
)
from kelpie.store.keyspace import chunks_of
from kelpie.store.memory import MemoryClient, MemoryStore
from kelpie.store.tuples import pack
from tests.store.clock import ClockEnv

CHUNK = DEFAULT_LIMITS.store_chunk_bytes_max
KEY = pack("a", "n", "k", "x", "st")
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, MIB, 4 * MIB + 1]


class Bench:
    """A memory store with one value in it."""

    def __init__(self, env: ClockEnv) -> None:
        self.memory = MemoryStore(env)
        self.client: MemoryClient = self.memory.client(env)

    async def write(self, value: bytes | None) -> bool:
        transaction = self.client.transaction()
        chunked = False
        if value is None:
            clear_value(transaction, KEY)
        else:
            chunked = write_value(transaction, KEY, value)
        await transaction.commit()
        return chunked

    async def read(self) -> bytes | None:
        return await read_value(self.client.transaction(), KEY)

    def keys(self) -> list[bytes]:
        return [key for key, _ in self.memory.pairs()]

    async def drop(self, key: bytes) -> None:
        transaction = self.client.transaction()
        transaction.clear(key)
        await transaction.commit()

    async def copy(self, source: bytes, target: bytes) -> None:
        transaction = self.client.transaction()
        transaction.set(target, dict(self.memory.pairs())[source])
        await transaction.commit()


def chunk(number: int) -> bytes:
    return chunks_of(KEY) + pack(number)


def content(size: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    env = ClockEnv()
    yield Bench(env)
    env.close()


@pytest.mark.parametrize("size", SIZES)
async def test_any_size_comes_back(bench: Bench, size: int) -> None:
    chunked = await bench.write(content(size))
    assert chunked == (size > CHUNK)
    assert len(bench.keys()) == (1 if not chunked else 1 + -(-size // CHUNK))
    assert await bench.read() == content(size)
    stored = dict(bench.memory.pairs())[KEY]
    assert value_bytes(KEY, stored) == size


@pytest.mark.parametrize("before", [5 * CHUNK, 2 * CHUNK, 10])
@pytest.mark.parametrize("now", [3 * CHUNK, 10, None])
async def test_nothing_stale_is_left(bench: Bench, before: int, now: int | None) -> None:
    await bench.write(content(before))
    await bench.write(None if now is None else content(now))
    count = 0 if now is None else 1 + (now // CHUNK if now > CHUNK else 0)
    assert len(bench.keys()) == count
    assert await bench.read() == (None if now is None else content(now))


async def test_absent_is_none(bench: Bench) -> None:
    assert await bench.read() is None


async def test_a_range_of_heads_has_no_chunks(bench: Bench) -> None:
    await bench.write(content(3 * CHUNK))
    transaction = bench.client.transaction()
    pairs = await transaction.get_range(KEY, KEY + b"\xff", limit=9)
    assert [key for key, _ in pairs] == [KEY]
    assert await finish_value(transaction, KEY, pairs[0][1]) == content(3 * CHUNK)


async def test_a_missing_chunk_is_found(bench: Bench) -> None:
    for number in range(3):
        await bench.write(content(3 * CHUNK))
        await bench.drop(chunk(number))
        with pytest.raises(StoredValueCorrupt, match="a/n/k/x/st"):
            await bench.read()


async def test_a_chunk_too_many_is_found(bench: Bench) -> None:
    await bench.write(content(3 * CHUNK))
    await bench.copy(chunk(2), chunk(3))
    with pytest.raises(StoredValueCorrupt):
        await bench.read()


async def test_a_chunk_in_anothers_place_is_found(bench: Bench) -> None:
    await bench.write(content(3 * CHUNK))
    await bench.copy(chunk(1), chunk(2))
    with pytest.raises(StoredValueCorrupt):
        await bench.read()


async def test_a_chunk_of_an_older_value_is_found(bench: Bench) -> None:
    await bench.write(bytes(3 * CHUNK))
    old = dict(bench.memory.pairs())[chunk(1)]
    await bench.write(content(3 * CHUNK))
    bench.memory.overwrite(chunk(1), old)
    with pytest.raises(StoredValueCorrupt, match="belong together"):
        await bench.read()


async def test_a_damaged_head_is_found(bench: Bench) -> None:
    await bench.write(content(3 * CHUNK))
    stored = bytearray(dict(bench.memory.pairs())[KEY])
    stored[-1] ^= 1
    bench.memory.overwrite(KEY, bytes(stored))
    with pytest.raises(StoredValueCorrupt):
        await bench.read()


@pytest.mark.parametrize(
    "payload", [Payload(True, b""), Payload(True, b"text"), Payload(False, b"\xff\0")]
)
def test_payloads_come_back(payload: Payload) -> None:
    assert decode_payload(encode_payload(payload)) == payload
