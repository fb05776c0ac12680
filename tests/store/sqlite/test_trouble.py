"""A full disk, a queue that is full, damage, and the bounds of log and snapshots."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from kelpie.errors import (
    StoreConflict,
    StoredValueCorrupt,
    StoreError,
    StoreFull,
    StoreReadFailed,
    StoreStopped,
    StoreTooOld,
    StoreWriteFailed,
)
from kelpie.limits import KIB, MIB, Limits
from kelpie.store.frame import frame, unframe
from kelpie.store.protocol import Store
from kelpie.store.sqlite import store as store_module
from kelpie.store.sqlite.batch import Batch
from kelpie.store.sqlite.schema import FILE_NAME, PAGE_BYTES
from kelpie.store.sqlite.writer import Writer
from kelpie.store.tuples import pack
from tests.store.clock import ClockEnv
from tests.store.conformance.helpers import END, contents, put, read, remove
from tests.store.sqlite.conftest import Open

WAIT_S_MAX = 20


def varied(number: int) -> bytes:
    """20,000 bytes that differ: SQLite skips pages that stay the same."""
    return number.to_bytes(4, "big") * 5_000


@pytest.fixture
def pages_max(monkeypatch: pytest.MonkeyPatch) -> int:
    """Lets files grow to so many pages only, as a full disk does."""
    connect = store_module.connect_writer

    def connect_writer(directory: Path) -> sqlite3.Connection:
        connection = connect(directory)
        connection.execute("PRAGMA max_page_count = 100")
        return connection

    monkeypatch.setattr(store_module, "connect_writer", connect_writer)
    return 100


async def test_a_full_disk_fails_its_batch_and_the_store_goes_on(
    open_: Open, pages_max: int, stops: list[StoreStopped]
) -> None:
    store = await open_()
    await put(store, kept=b"1")
    large = {f"large{number}": bytes(90_000) for number in range(pages_max * 4096 // 90_000 + 1)}
    with pytest.raises(StoreFull, match="disk is full"):
        await put(store, **large)
    assert await contents(store) == [(b"kept", b"1")]
    await put(store, small=b"2")
    transaction = store.transaction()
    assert await transaction.get(b"large0") is None
    transaction.set(b"large0", b"smaller")
    await transaction.commit()
    assert [key for key, _ in await contents(store)] == [b"kept", b"large0", b"small"]
    assert stops == []


async def test_room_that_was_made_is_used(open_: Open, pages_max: int) -> None:
    store = await open_()
    await put(store, **{f"k{number}": bytes(90_000) for number in range(pages_max // 25)})
    with pytest.raises(StoreFull):
        await put(store, more=bytes(90_000))
    await remove(store, b"k0")
    await put(store, more=bytes(80_000))
    assert await read(store, b"more") == bytes(80_000)


async def test_what_waits_is_bounded(open_: Open) -> None:
    store = await open_(Limits(store_queue_bytes_max=250_000, store_batch_bytes_max=100_000))
    commits = [put(store, **{f"k{number}": bytes(90_000)}) for number in range(4)]
    results = await asyncio.gather(*commits, return_exceptions=True)
    refused = [each for each in results if isinstance(each, StoreWriteFailed)]
    assert len(refused) == 2
    assert [key for key, _ in await contents(store)] == [b"k0", b"k1"]
    await put(store, k9=b"there is room again")


async def test_a_flipped_bit_is_found_and_named(open_: Open, path: Path) -> None:
    key = pack("a", "default", "counter", "alice", "st")
    value = b"state of alice " * 10
    store = await open_()
    transaction = store.transaction()
    transaction.set(key, frame(key, value))
    await transaction.commit()
    await store.close()
    file = path / FILE_NAME
    content = bytearray(file.read_bytes())
    assert content.count(value) == 1
    content[content.index(value) + 20] ^= 4
    file.write_bytes(content)
    store = await open_()
    stored = await read(store, key)
    assert stored is not None
    with pytest.raises(StoredValueCorrupt, match="a/default/counter/alice/st"):
        unframe(key, stored)


async def test_a_row_that_is_no_blob_is_found_and_named(open_: Open, path: Path) -> None:
    await (await open_()).close()
    with closing(sqlite3.connect(path / FILE_NAME)) as file, file:
        file.execute("INSERT INTO pairs VALUES (?, 7)", (pack("a", "n", "k", "x", "st"),))
    store = await open_()
    with pytest.raises(StoredValueCorrupt, match="a/n/k/x/st"):
        await read(store, pack("a", "n", "k", "x", "st"))
    with pytest.raises(StoredValueCorrupt, match="a/n/k/x/st"):
        await contents(store)


async def test_a_damaged_page_is_a_failed_read_or_a_failed_start(
    open_: Open, path: Path, stops: list[StoreStopped]
) -> None:
    store = await open_()
    for number in range(200):
        await put(store, **{f"k{number}": bytes(500)})
    await store.close()
    file = path / FILE_NAME
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    file.write_bytes(content)

    async def use() -> None:
        await contents(await open_())

    with pytest.raises((StoreReadFailed, StoredValueCorrupt)):
        await use()
    assert stops == []


@pytest.mark.parametrize("seed", range(6))
async def test_damage_beneath_a_store_that_runs_is_named_and_it_closes(
    open_: Open, path: Path, seed: int
) -> None:
    store = await open_()
    for number in range(100):
        await put(store, **{f"k{number}": varied(number)})
    await store.close()
    store = await open_()
    chance = random.Random(seed)
    with (path / FILE_NAME).open("r+b") as file:
        pages = file.seek(0, 2) // PAGE_BYTES
        for page in chance.sample(range(2, pages), pages // 2):
            file.seek(page * PAGE_BYTES)
            file.write(b"\xff" * 64)
    damaged = 0
    for number in range(100):
        try:
            value = await read(store, b"k%d" % number)
        except StoredValueCorrupt:
            damaged += 1
        else:
            assert value is None or isinstance(value, bytes)
    assert damaged
    await store.close()


async def test_the_log_stays_bounded(open_: Open, path: Path) -> None:
    limit = 256 * KIB
    store = await open_(Limits(store_log_bytes_max=limit))
    for number in range(300):
        await put(store, **{f"k{number % 7}": varied(number)})
    assert (path / f"{FILE_NAME}-wal").stat().st_size < 2 * limit


async def test_the_log_stays_bounded_while_transactions_take_turns_to_read(
    open_: Open, path: Path
) -> None:
    """At any time some transaction reads; none of them for long."""
    limit = 256 * KIB
    store = await open_(Limits(store_log_bytes_max=limit, store_log_held_bytes_max=2 * limit))
    await put(store, k=b"0")
    reader = store.transaction()
    await reader.get(b"k")
    for number in range(300):
        writing = asyncio.ensure_future(put(store, **{f"k{number % 7}": varied(number)}))
        committing = store.transaction()
        assert await committing.get(b"k") is not None
        committing.set(b"other", b"%d" % number)
        commits = asyncio.ensure_future(committing.commit())
        following = store.transaction()
        await following.get(b"k")
        reader.cancel()
        reader = following
        await asyncio.gather(writing, commits)
    reader.cancel()
    assert (path / f"{FILE_NAME}-wal").stat().st_size < 4 * limit


async def test_the_log_is_begun_anew_under_whoever_reads_for_long(open_: Open, path: Path) -> None:
    limit = 256 * KIB
    store = await open_(Limits(store_log_bytes_max=limit, store_log_held_bytes_max=3 * limit))
    await put(store, k=b"before")
    holder = store.transaction()
    assert await holder.get(b"k") == b"before"
    for number in range(20):
        await put(store, **{f"k{number % 7}": varied(number)})
    assert await holder.get(b"k") == b"before", "the log is not too long yet"
    for number in range(300):
        await put(store, **{f"k{number % 7}": varied(number)})
    with pytest.raises(StoreTooOld):
        await holder.get(b"k")
    holder.cancel()
    assert (path / f"{FILE_NAME}-wal").stat().st_size < 5 * limit


async def test_a_conflict_is_told_while_the_log_is_moved(open_: Open) -> None:
    """There is no commit behind which it could be told."""
    store = await open_(Limits(store_log_bytes_max=64 * KIB))
    conflicts = 0
    for number in range(200):
        late = store.transaction()
        await late.get(b"k0")
        await put(store, k0=varied(number))
        late.set(b"late", b"1")
        try:
            await late.commit()
        except StoreConflict:
            conflicts += 1
    assert conflicts == 200


async def test_whoever_begins_while_the_disk_stands_still_is_told_when_it_goes_on(
    open_: Open, env: ClockEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told at once, all its attempts would be in vain before the disk goes on."""
    store = await open_()
    await put(store, k=b"1")
    goes_on = threading.Event()
    write = Batch.write

    def late(batch: Batch, connection: sqlite3.Connection) -> None:
        goes_on.wait(WAIT_S_MAX)
        write(batch, connection)

    with monkeypatch.context() as patched:
        patched.setattr(Batch, "write", late)
        slow = asyncio.ensure_future(put(store, other=b"1"))
        await asyncio.sleep(0.01)
        env.advance(6_000)
        late_one = store.transaction()
        late_one.set(b"k", b"2")
        committing = asyncio.ensure_future(late_one.commit())
        await asyncio.sleep(0.01)
        assert not committing.done()
        goes_on.set()
        await slow
    with pytest.raises(StoreTooOld):
        await committing
    await put(store, k=b"3")
    assert await read(store, b"k") == b"3"


async def test_whoever_begins_while_the_log_is_moved_is_not_too_old(
    open_: Open, env: ClockEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    move = Writer._move

    def late(writer: Writer) -> StoreError | None:
        goes_on.wait(WAIT_S_MAX)
        return move(writer)

    monkeypatch.setattr(Writer, "_move", late)
    store = await open_(Limits(store_log_bytes_max=64 * KIB))
    number = 0
    while not store._group._is_moving_log:
        number += 1
        await put(store, k=varied(number))
    env.advance(6_000)
    assert await read(store, b"k") == varied(number)
    putting = asyncio.ensure_future(put(store, k=b"last"))
    await asyncio.sleep(0.01)
    assert not putting.done(), "the log is being moved"
    goes_on.set()
    await putting
    assert await read(store, b"k") == b"last"


async def test_a_held_snapshot_ends_in_time_to_let_the_log_be_begun_anew(
    open_: Open, env: ClockEnv, path: Path
) -> None:
    limit = 256 * KIB
    store = await open_(Limits(store_log_bytes_max=limit))
    await put(store, k=b"before")
    holder = store.transaction()
    assert await holder.get(b"k") == b"before"
    for number in range(50):
        await put(store, **{f"k{number % 7}": varied(number)})
    assert await holder.get(b"k") == b"before"
    assert (path / f"{FILE_NAME}-wal").stat().st_size > 2 * limit
    env.advance(6_000)
    await put(store, k=b"after")
    with pytest.raises(StoreTooOld):
        await holder.get(b"k")
    size = (path / f"{FILE_NAME}-wal").stat().st_size
    for number in range(300):
        await put(store, **{f"k{number % 7}": varied(number)})
    assert (path / f"{FILE_NAME}-wal").stat().st_size <= size + limit


async def test_snapshots_are_bounded_and_the_oldest_ends_first(open_: Open) -> None:
    store = await open_(Limits(store_snapshots_max=3))
    holders = []
    for number in range(5):
        await put(store, n=b"%d" % number)
        holders.append(store.transaction())
        assert await holders[-1].get(b"n") == b"%d" % number
    for number, holder in enumerate(holders):
        if number < 2:
            with pytest.raises(StoreTooOld):
                await holder.get(b"n")
        else:
            assert await holder.get(b"n") == b"%d" % number
        holder.cancel()


async def test_batches_are_bounded(open_: Open) -> None:
    store = await open_(Limits(store_batch_bytes_max=200_000))
    commits = [put(store, **{f"k{number}": bytes(90_000)}) for number in range(9)]
    versions = await asyncio.gather(*commits)
    assert versions == sorted(set(versions))
    assert len(await contents(store)) == 9


async def test_a_commit_whose_caller_is_gone_harms_nobody(open_: Open) -> None:
    store: Store = await open_()
    gone = asyncio.ensure_future(put(store, gone=b"1"))
    stays = asyncio.ensure_future(put(store, stays=b"1"))
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await read(store, b"stays") == b"1"


async def test_another_programs_lock_is_a_failed_write_not_a_stop(
    open_: Open, path: Path, stops: list[StoreStopped], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = store_module.connect_writer

    def connect_writer(directory: Path) -> sqlite3.Connection:
        connection = connect(directory)
        connection.execute("PRAGMA busy_timeout = 1")
        return connection

    monkeypatch.setattr(store_module, "connect_writer", connect_writer)
    store = await open_()
    with closing(sqlite3.connect(path / FILE_NAME, isolation_level=None)) as intruder:
        intruder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreWriteFailed, match="another program"):
            await put(store, a=b"1")
        intruder.execute("ROLLBACK")
    await put(store, a=b"2")
    assert await read(store, b"a") == b"2"
    assert stops == []


async def test_a_large_transaction_fits(open_: Open) -> None:
    store = await open_()
    transaction = store.transaction()
    for number in range(99):
        transaction.set(b"k%02d" % number, bytes([number]) * 100_000)
    await transaction.commit()
    transaction = store.transaction()
    pairs = await transaction.get_range(b"", END, limit=1000, bytes_max=4 * MIB)
    assert len(pairs) == 42
    assert pairs[41] == (b"k41", b"\x29" * 100_000)
    transaction.cancel()
