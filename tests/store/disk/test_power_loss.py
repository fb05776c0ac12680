"""Power is lost under load: everything written since the last fsync is gone.

`kill -9` alone would prove little, for the kernel keeps what was written. That
this test can fail is part of it: with SQLite's weaker settings it must find a loss.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kelpie.store.sqlite.schema import FILE_NAME, connect_writer
from tests.store.disk.child import WRITERS
from tests.store.disk.conftest import Start

SECTOR_BYTES = 512
Acknowledged = dict[int, int]


class Crash:
    """A load on a store, ended by a power loss at a random commit."""

    def __init__(self, start: Start, place: Path, synchronous: str, chance: random.Random) -> None:
        self.live, self.durable = place / "data", place / "durable"
        self.durable.mkdir()
        self.acknowledged: Acknowledged = {}
        process = start("load", self.live, synchronous, DISK_DURABLE=self.durable)
        commits = chance.randrange(1, 1500)
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._note(line)
                commits -= 1
                if commits == 0:
                    process.kill()
        process.wait()
        assert commits <= 0, "the load ended by itself"

    def _note(self, line: str) -> None:
        if line.endswith("\n"):
            writer, number = map(int, line.split())
            self.acknowledged[writer] = number

    def after(self, keep: random.Random | None) -> Path:
        """What is on the disk: as of the last fsyncs, and of what was written
        since, nothing or (`keep`) a random part of its sectors."""
        place = self.live.with_name("after")
        place.mkdir()
        for name in (FILE_NAME, f"{FILE_NAME}-wal"):
            durable, live = self.durable / name, self.live / name
            old = durable.read_bytes() if durable.exists() else b""
            new = live.read_bytes() if live.exists() and keep is not None else old
            (place / name).write_bytes(old if keep is None else _mixed(old, new, keep))
        return place


def _mixed(old: bytes, new: bytes, chance: random.Random) -> bytes:
    size = max(len(old), len(new))
    old, new = old.ljust(size, b"\0"), new.ljust(size, b"\0")
    sectors = [
        (new if chance.random() < 0.5 else old)[at : at + SECTOR_BYTES]
        for at in range(0, size, SECTOR_BYTES)
    ]
    return b"".join(sectors)


def losses(place: Path, acknowledged: Acknowledged) -> list[str]:
    """What is wrong with the store in `place`, for someone with these acknowledgements."""
    try:
        connection = connect_writer(place)
    except Exception as error:
        return [f"cannot be opened: {error}"]
    with closing(connection):
        return [*_missing(connection, acknowledged), *_torn(connection)]


def _missing(connection: sqlite3.Connection, acknowledged: Acknowledged) -> list[str]:
    pairs = dict(connection.execute("SELECT key, value FROM pairs"))
    stored = {writer: int(pairs.get(b"a%d" % writer, b"-1")) for writer in range(WRITERS)}
    return [
        f"writer {writer} was told {number}, and {stored[writer]} is stored"
        for writer, number in acknowledged.items()
        if stored[writer] < number
    ]


def _torn(connection: sqlite3.Connection) -> list[str]:
    wrong = [
        f"the file: {row[0]}"
        for row in connection.execute("PRAGMA integrity_check")
        if row[0] != "ok"
    ]
    pairs = dict(connection.execute("SELECT key, value FROM pairs"))
    for writer in range(WRITERS):
        number = int(pairs.get(b"a%d" % writer, b"-1"))
        if number < 0:
            continue
        expected = b"%d" % number + bytes(number % 900)
        if pairs.get(b"b%d/%d" % (writer, number % 50)) != expected:
            wrong.append(f"writer {writer} has half of commit {number}")
    return wrong


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("torn", [False, True], ids=["all lost", "torn"])
def test_nothing_acknowledged_is_lost(start: Start, tmp_path: Path, seed: int, torn: bool) -> None:
    chance = random.Random(seed)
    crash = Crash(start, tmp_path, "FULL", chance)
    place = crash.after(chance if torn else None)
    assert losses(place, crash.acknowledged) == []


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_without_an_fsync_per_batch_the_loss_is_found(
    start: Start, tmp_path: Path, synchronous: str
) -> None:
    found: list[str] = []
    for seed in range(6):
        place = tmp_path / str(seed)
        place.mkdir()
        crash = Crash(start, place, synchronous, random.Random(seed))
        found += losses(crash.after(None), crash.acknowledged)
        if found:
            break
    assert found


def test_after_a_kill_everything_acknowledged_is_there(start: Start, tmp_path: Path) -> None:
    crash = Crash(start, tmp_path, "FULL", random.Random(7))
    copy = tmp_path / "copy"
    shutil.copytree(crash.live, copy)
    assert losses(copy, crash.acknowledged) == []
