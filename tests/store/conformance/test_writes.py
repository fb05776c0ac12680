"""What a commit does, and what stays of it."""

from __future__ import annotations

import asyncio

import pytest

from kelpie.errors import StoreConflict, StoreStopped
from kelpie.limits import DEFAULT_LIMITS
from kelpie.store.protocol import Store
from tests.store.conformance.backends import Backend
from tests.store.conformance.helpers import END, contents, put, read, remove


def counter(value: int) -> bytes:
    return value.to_bytes(8, "little")


async def add(store: Store, key: bytes, *deltas: int) -> None:
    transaction = store.transaction()
    for delta in deltas:
        transaction.add(key, delta)
    await transaction.commit()


async def test_commit_versions_grow(store: Store) -> None:
    versions = [await put(store, a=b"%d" % number) for number in range(5)]
    assert versions == sorted(set(versions))


async def test_clearing_removes(store: Store) -> None:
    await put(store, a=b"1", b=b"1", c=b"1", d=b"1")
    await remove(store, b"a", b"absent")
    transaction = store.transaction()
    transaction.clear_range(b"b", b"d")
    await transaction.commit()
    assert await contents(store) == [(b"d", b"1")]


async def test_an_empty_range_clears_nothing(store: Store) -> None:
    await put(store, a=b"1")
    transaction = store.transaction()
    transaction.clear_range(b"a", b"a")
    transaction.clear_range(b"b", b"a")
    await transaction.commit()
    assert await read(store, b"a") == b"1"


async def test_adding_counts_from_zero_and_wraps(store: Store) -> None:
    await add(store, b"n", 5)
    await add(store, b"n", 3, -1)
    assert await read(store, b"n") == counter(7)
    await add(store, b"n", -8)
    assert await read(store, b"n") == counter(2**64 - 1)
    await add(store, b"n", 1)
    assert await read(store, b"n") == counter(0)


async def test_own_additions_are_read(store: Store) -> None:
    await add(store, b"n", 5)
    transaction = store.transaction()
    transaction.add(b"n", 1)
    transaction.add(b"m", 1)
    assert await transaction.get(b"n") == counter(6)
    assert await transaction.get_range(b"", END, limit=9) == [
        (b"m", counter(1)),
        (b"n", counter(6)),
    ]
    transaction.clear(b"n")
    transaction.add(b"n", 2)
    assert await transaction.get(b"n") == counter(2)
    transaction.clear_range(b"m", b"n")
    transaction.add(b"m", 9)
    transaction.set(b"k", counter(1))
    transaction.add(b"k", 1)
    await transaction.commit()
    assert await contents(store) == [(b"k", counter(2)), (b"m", counter(9)), (b"n", counter(2))]


async def test_concurrent_additions_all_count(store: Store) -> None:
    await asyncio.gather(*[add(store, b"n", 1) for _ in range(50)])
    assert await read(store, b"n") == counter(50)


async def test_concurrent_commits_apply_in_the_order_of_their_versions(store: Store) -> None:
    async def write(number: int) -> tuple[int, int]:
        transaction = store.transaction()
        transaction.clear_range(b"a", b"c")
        transaction.set(b"a%d" % number, b"")
        return await transaction.commit(), number

    _, last = max(await asyncio.gather(*[write(number) for number in range(20)]))
    assert await contents(store) == [(b"a%d" % last, b"")]


async def test_versionstamps_grow_across_commits_and_restarts(backend: Backend) -> None:
    for number in range(4):
        if number == 2:
            await backend.reopen()
        transaction = backend.store.transaction()
        for part in range(2):
            transaction.set_versionstamped(b"s/", b"/x", b"%d%d" % (number, part))
        await transaction.commit()
    pairs = await contents(backend.store)
    assert [value for _, value in pairs] == [b"00", b"01", b"10", b"11", b"20", b"21", b"30", b"31"]
    assert all(key[:2] == b"s/" and key[12:] == b"/x" for key, _ in pairs)


async def test_rivals_that_retry_lose_nothing(store: Store) -> None:
    async def increment() -> None:
        while True:
            transaction = store.transaction()
            value = int(await transaction.get(b"n") or b"0")
            await asyncio.sleep(0)
            transaction.set(b"n", b"%d" % (value + 1))
            try:
                await transaction.commit()
            except StoreConflict:
                continue
            return

    await asyncio.gather(*[increment() for _ in range(20)])
    assert await read(store, b"n") == b"20"


async def test_what_was_committed_is_there_after_a_restart(backend: Backend) -> None:
    version = await put(backend.store, a=b"1", b=b"2")
    await remove(backend.store, b"a")
    await backend.reopen()
    assert await contents(backend.store) == [(b"b", b"2")]
    assert await put(backend.store, c=b"3") > version


async def test_close_waits_for_commits_and_can_be_repeated(backend: Backend) -> None:
    commits = [asyncio.ensure_future(put(backend.store, a=b"%d" % n)) for n in range(10)]
    await asyncio.sleep(0)
    await asyncio.gather(backend.store.close(), backend.store.close())
    await backend.store.close()
    assert len(set(await asyncio.gather(*commits))) == 10
    with pytest.raises(StoreStopped):
        await put(backend.store, a=b"late")
    await backend.reopen()
    assert await read(backend.store, b"a") == b"9"


async def test_a_transaction_is_used_once(store: Store) -> None:
    transaction = store.transaction()
    transaction.set(b"a", b"1")
    await transaction.commit()
    with pytest.raises(AssertionError):
        await transaction.commit()
    with pytest.raises(AssertionError):
        await transaction.get(b"a")
    transaction.cancel()  # harmless


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"k" * (DEFAULT_LIMITS.store_key_bytes_max + 1), b""),
        (b"k", bytes(DEFAULT_LIMITS.store_value_bytes_max + 1)),
        (b"\xff", b""),
        (b"\xffa", b""),
    ],
)
async def test_what_the_model_forbids_is_an_assertion(
    store: Store, key: bytes, value: bytes
) -> None:
    with pytest.raises(AssertionError):
        store.transaction().set(key, value)


async def test_the_largest_key_and_value_fit(store: Store) -> None:
    key = b"k" * DEFAULT_LIMITS.store_key_bytes_max
    transaction = store.transaction()
    transaction.set(key, bytes(DEFAULT_LIMITS.store_value_bytes_max))
    await transaction.commit()
    assert await read(store, key) == bytes(DEFAULT_LIMITS.store_value_bytes_max)
    assert len(await contents(store)) == 1


async def test_a_transaction_beyond_ten_megabytes_is_an_assertion(store: Store) -> None:
    transaction = store.transaction()
    for number in range(101):
        transaction.set(b"%d" % number, bytes(DEFAULT_LIMITS.store_value_bytes_max))
    with pytest.raises(AssertionError):
        await transaction.commit()
    assert await contents(store) == []
