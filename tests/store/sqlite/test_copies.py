"""Backups: of one commit, checked, whole or not there."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kelpie.errors import (
    DataDirectoryLocked,
    StoredValueCorrupt,
    StoreFormatUnsupported,
)
from kelpie.store.format import KEYSPACE_FORMAT
from kelpie.store.frame import frame
from kelpie.store.keyspace import node_heartbeat, store_format
from kelpie.store.protocol import Store
from kelpie.store.sqlite.copies import back_up, check_store, restore
from kelpie.store.sqlite.schema import FILE_NAME
from kelpie.store.tuples import pack
from tests.store.clock import ClockEnv
from tests.store.conformance.helpers import contents
from tests.store.sqlite.conftest import Open

PAIR = (pack("a", "one"), pack("z", "other"))


async def put_framed(store: Store, *keys: bytes, value: bytes) -> None:
    transaction = store.transaction()
    for key in keys:
        transaction.set(key, frame(key, value))
    await transaction.commit()


async def test_a_restored_store_is_the_one_that_was_backed_up(
    open_: Open, env: ClockEnv, path: Path, tmp_path: Path
) -> None:
    store = await open_()
    await put_framed(store, *PAIR, value=b"v" * 50_000)
    transaction = store.transaction()
    transaction.add(node_heartbeat("local"), 7)
    await transaction.commit()
    expected = await contents(store)
    made = await env.blocking(back_up, path, tmp_path / "backup")
    await put_framed(store, pack("later"), value=b"1")
    await store.close()
    assert made.pairs == len(expected) + 1  # and the note of the version

    assert restore(tmp_path / "backup", tmp_path / "other") == made
    (tmp_path / "other").rename(tmp_path / "moved")
    path.rename(tmp_path / "gone")
    (tmp_path / "moved").rename(path)
    restored = await open_()
    assert await contents(restored) == expected
    await put_framed(restored, pack("later"), value=b"2")


async def test_a_backup_beside_commits_sees_one_of_them(
    open_: Open, env: ClockEnv, path: Path, tmp_path: Path
) -> None:
    store = await open_()
    await put_framed(store, *PAIR, value=b"0")
    going_on = True

    async def write() -> int:
        number = 0
        while going_on:
            number += 1
            await put_framed(store, *PAIR, value=b"%d" % number)
        return number

    writing = env.spawn(write(), "writing")
    for number in range(5):
        await env.blocking(back_up, path, tmp_path / f"backup{number}")
    going_on = False
    assert await asyncio.wait_for(writing, 30) > 5
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"backup{number}")) as copy:
            one, other = (
                copy.execute("SELECT value FROM pairs WHERE key = ?", (key,)).fetchone()[0]
                for key in PAIR
            )
            assert one[5:] == other[5:]


async def test_nothing_is_overwritten(open_: Open, path: Path, tmp_path: Path) -> None:
    store = await open_()
    await put_framed(store, *PAIR, value=b"1")
    (tmp_path / "backup").write_text("precious")
    with pytest.raises(FileExistsError):
        back_up(path, tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "precious"
    back_up(path, tmp_path / "good")
    with pytest.raises(DataDirectoryLocked):
        restore(tmp_path / "good", path)
    await store.close()
    with pytest.raises(FileExistsError):
        restore(tmp_path / "good", path)


async def test_what_a_killed_backup_left_behind_is_in_nobody_s_way(
    open_: Open, path: Path, tmp_path: Path
) -> None:
    store = await open_()
    await put_framed(store, *PAIR, value=b"1")
    (tmp_path / "backup.partial").write_text("half")
    back_up(path, tmp_path / "backup")
    assert {each.name for each in tmp_path.iterdir()} == {"backup", "deep"}


async def test_damage_is_named_and_not_copied(open_: Open, path: Path, tmp_path: Path) -> None:
    store = await open_()
    await put_framed(store, *PAIR, value=b"1")
    await store.close()
    with closing(sqlite3.connect(path / FILE_NAME)) as file:
        file.execute("UPDATE pairs SET value = zeroblob(9) WHERE key = ?", (PAIR[1],))
        file.commit()
    with pytest.raises(StoredValueCorrupt, match="other"):
        check_store(path)
    with pytest.raises(StoredValueCorrupt, match="other"):
        back_up(path, tmp_path / "backup")
    assert {each.name for each in tmp_path.iterdir()} == {"deep"}


@pytest.mark.parametrize("content", [b"", b"no database" * 100])
def test_what_is_no_backup(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "backup").write_bytes(content)
    with pytest.raises(OSError, match="no backup"):
        restore(tmp_path / "backup", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_another_program_s_database_is_no_backup(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other")) as file:
        file.execute("CREATE TABLE pairs (key, value)")
    with pytest.raises(OSError, match="no backup"):
        restore(tmp_path / "other", tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE more (key)",
        "CREATE VIEW more AS SELECT key FROM pairs",
        "CREATE INDEX more ON pairs (value)",
        "CREATE TRIGGER more AFTER INSERT ON pairs BEGIN DELETE FROM pairs; END",
        "DROP TABLE pairs",
        "ALTER TABLE pairs ADD COLUMN more",
    ],
)
async def test_a_backup_with_more_in_it(
    open_: Open, path: Path, tmp_path: Path, change: str
) -> None:
    store = await open_()
    await put_framed(store, *PAIR, value=b"1")
    await store.close()
    back_up(path, tmp_path / "backup")
    for file in (tmp_path / "backup", path / FILE_NAME):
        with closing(sqlite3.connect(file)) as changed:
            changed.execute("ANALYZE")
            changed.execute(change)
            changed.commit()
    with pytest.raises(StoreFormatUnsupported, match="not as Kelpie makes it"):
        restore(tmp_path / "backup", tmp_path / "other")
    assert not (tmp_path / "other" / FILE_NAME).exists()
    with pytest.raises(StoreFormatUnsupported, match="not as Kelpie makes it"):
        check_store(path)
    with pytest.raises(StoreFormatUnsupported, match="not as Kelpie makes it"):
        await open_()


async def test_a_backup_that_somebody_has_analyzed(open_: Open, path: Path, tmp_path: Path) -> None:
    store = await open_()
    await put_framed(store, *PAIR, value=b"1")
    await store.close()
    back_up(path, tmp_path / "backup")
    with closing(sqlite3.connect(tmp_path / "backup")) as file:
        file.execute("ANALYZE")
        file.commit()
    assert restore(tmp_path / "backup", tmp_path / "other").pairs == 3


def test_where_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no store"):
        back_up(tmp_path, tmp_path / "backup")
    with pytest.raises(FileNotFoundError):
        restore(tmp_path / "absent", tmp_path / "data")
    assert not (tmp_path / "data").exists()


async def test_a_store_of_a_newer_version_is_no_sound_one_here(open_: Open, path: Path) -> None:
    store = await open_()
    await put_framed(store, store_format(), value=b"%d" % KEYSPACE_FORMAT)
    check_store(path)
    await put_framed(store, store_format(), value=b"%d" % (KEYSPACE_FORMAT + 1))
    await store.close()
    with pytest.raises(StoreFormatUnsupported, match="use the version that wrote it"):
        check_store(path)
