"""What a transaction sees: the store at its read version, its own writes on top."""

from __future__ import annotations

import pytest

from kelpie.store.protocol import Store
from tests.store.conformance.helpers import END, contents, put, read, remove


async def test_a_commit_is_seen_by_later_transactions(store: Store) -> None:
    await put(store, a=b"1", b=b"2")
    assert await read(store, b"a") == b"1"
    assert await contents(store) == [(b"a", b"1"), (b"b", b"2")]


async def test_nothing_is_seen_before_the_commit_or_after_a_cancel(store: Store) -> None:
    transaction = store.transaction()
    transaction.set(b"a", b"1")
    assert await read(store, b"a") is None
    transaction.cancel()
    assert await read(store, b"a") is None


async def test_reads_stay_at_the_read_version(store: Store) -> None:
    await put(store, a=b"1", b=b"1", c=b"1")
    transaction = store.transaction()
    assert await transaction.get(b"a") == b"1"
    await put(store, a=b"2", b=b"2", d=b"2")
    await remove(store, b"c")
    assert await transaction.get(b"b") == b"1"
    assert await transaction.get(b"a", snapshot=True) == b"1"
    expected = [(b"a", b"1"), (b"b", b"1"), (b"c", b"1")]
    assert await transaction.get_range(b"", END, limit=9) == expected
    transaction.cancel()


async def test_asking_for_the_version_fixes_it(store: Store) -> None:
    await put(store, a=b"1")
    transaction = store.transaction()
    version = await transaction.read_version()
    written = await put(store, b=b"2")
    assert version < written
    assert await transaction.read_version() == version
    assert await transaction.get(b"a") == b"1"
    assert await transaction.get(b"c") is None
    transaction.cancel()


async def test_a_read_version_includes_what_was_acknowledged(store: Store) -> None:
    written = await put(store, a=b"1")
    assert await store.transaction().read_version() >= written


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 9])
async def test_ranges_are_ordered_and_limited(store: Store, limit: int, reverse: bool) -> None:
    await put(store, c=b"3", a=b"1", b=b"2", d=b"4")
    transaction = store.transaction()
    pairs = await transaction.get_range(b"a", b"d", limit=limit, reverse=reverse)
    expected = [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]
    assert pairs == (expected[::-1] if reverse else expected)[:limit]
    transaction.cancel()


async def test_an_empty_or_inverted_range_has_nothing(store: Store) -> None:
    await put(store, a=b"1", b=b"1")
    transaction = store.transaction()
    assert await transaction.get_range(b"a", b"a", limit=9) == []
    assert await transaction.get_range(b"b", b"a", limit=9) == []
    assert await transaction.get_range(b"aa", b"b", limit=9) == []
    transaction.cancel()


async def test_a_range_ends_once_it_has_enough_bytes(store: Store) -> None:
    await put(store, a=b"123", b=b"123", c=b"123")
    transaction = store.transaction()
    for bytes_max, count in ((1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (99, 3)):
        pairs = await transaction.get_range(b"", END, limit=9, bytes_max=bytes_max)
        assert len(pairs) == count, bytes_max
    pairs = await transaction.get_range(b"", END, limit=9, bytes_max=5, reverse=True)
    assert [key for key, _ in pairs] == [b"c", b"b"]
    transaction.cancel()


async def test_own_writes_are_read(store: Store) -> None:
    await put(store, a=b"old", b=b"old", c=b"old")
    transaction = store.transaction()
    transaction.set(b"a", b"new")
    transaction.clear(b"b")
    transaction.set(b"bb", b"new")
    assert await transaction.get(b"a") == b"new"
    assert await transaction.get(b"b") is None
    expected = [(b"a", b"new"), (b"bb", b"new"), (b"c", b"old")]
    assert await transaction.get_range(b"", END, limit=9) == expected
    assert await transaction.get_range(b"", END, limit=2, reverse=True) == expected[:0:-1]
    await transaction.commit()
    assert await contents(store) == expected


async def test_own_clears_do_not_shorten_a_page(store: Store) -> None:
    await put(store, **{f"k{number}": b"x" for number in range(9)})
    transaction = store.transaction()
    transaction.clear_range(b"k0", b"k4")
    transaction.clear(b"k5")
    pairs = await transaction.get_range(b"", END, limit=3)
    assert [key for key, _ in pairs] == [b"k4", b"k6", b"k7"]
    transaction.clear_range(b"k7", END)
    pairs = await transaction.get_range(b"", END, limit=3, reverse=True)
    assert [key for key, _ in pairs] == [b"k6", b"k4"]
    transaction.cancel()


async def test_a_write_after_a_cleared_range_stays(store: Store) -> None:
    await put(store, a=b"old", b=b"old", c=b"old")
    transaction = store.transaction()
    transaction.set(b"a", b"lost")
    transaction.clear_range(b"a", b"c")
    transaction.set(b"b", b"kept")
    assert await transaction.get(b"a") is None
    assert await transaction.get(b"b") == b"kept"
    await transaction.commit()
    assert await contents(store) == [(b"b", b"kept"), (b"c", b"old")]


async def test_keys_are_any_bytes(store: Store) -> None:
    keys = [b"", b"\0", b"\0\0", b"\0\xff", b"a\0b", b"\xfe\xff"]
    transaction = store.transaction()
    for key in reversed(keys):
        transaction.set(key, key + b"!")
    await transaction.commit()
    assert await contents(store) == [(key, key + b"!") for key in keys]


async def test_values_are_any_bytes_up_to_the_limit(store: Store) -> None:
    values = {"empty": b"", "zeros": bytes(100_000), "digits": b"007", "text": "ü".encode()}
    await put(store, **values)
    for key, value in values.items():
        assert await read(store, key.encode()) == value
