"""What transactions that begin beside each other read of the file."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kelpie.errors import StoreTooOld
from kelpie.limits import DEFAULT_LIMITS
from kelpie.store.sqlite.schema import connect_reader
from kelpie.store.sqlite.snapshots import Snapshot
from tests.store.conformance.helpers import put, read
from tests.store.sqlite.conftest import Open

FEW = replace(DEFAULT_LIMITS, store_snapshot_values_max=2)


async def test_what_was_read_before_a_commit_is_not_what_is_read_after_it(open_: Open) -> None:
    store = await open_()
    await put(store, a=b"1")
    older = store.transaction()
    assert await older.get(b"a") == b"1"
    assert await read(store, b"absent") is None
    await put(store, a=b"2", absent=b"3")
    assert await read(store, b"a") == b"2"
    assert await read(store, b"absent") == b"3"
    assert await older.get(b"a") == b"1"
    with pytest.raises(StoreTooOld):
        await store.transaction(await older.read_version()).get(b"a")


async def test_more_keys_than_are_kept_are_read_as_well(open_: Open) -> None:
    store = await open_(FEW)
    await put(store, a=b"1", b=b"2", c=b"3", d=b"4" * 1_000)
    for _ in range(2):
        assert [await read(store, key) for key in (b"a", b"b", b"c", b"d")] == [
            b"1", b"2", b"3", b"4" * 1_000,
        ]  # fmt: skip


async def test_only_so_many_small_values_are_kept(open_: Open, path: Path) -> None:
    await put(await open_(), a=b"1", b=b"2", c=b"3", large=b"4" * 1_000)
    asked: list[str] = []
    with closing(connect_reader(path)) as connection:
        snapshot = Snapshot(connection, 0, known_max=2)
        connection.set_trace_callback(asked.append)
        for key in (b"large", b"a", b"b", b"c") * 2:
            snapshot.get(key)
    assert [each.count("SELECT") for each in asked] == [1] * 6, "twice of what is not kept"
