"""A disk that fails, under a store in a process of its own."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from pathlib import Path

from kelpie.store.sqlite.schema import FILE_NAME, connect_writer
from tests.store.disk.conftest import Start


def outcome_of(process: subprocess.Popen[str]) -> dict[str, list[str]]:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    result: dict[str, list[str]] = json.loads(output)
    return result


def keys_in(directory: Path) -> set[bytes]:
    with closing(connect_writer(directory)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        keys = {key for (key,) in connection.execute("SELECT key FROM pairs")}
    return keys - {b"\xffversion"}


def test_a_failed_fsync_stops_the_store_for_good(start: Start, tmp_path: Path) -> None:
    trigger = tmp_path / "trigger"
    process = start("fail", tmp_path / "data", trigger, DISK_NO_SYNC=trigger)
    result = outcome_of(process)
    # The disk works again for the last one: it must not be tried.
    assert result["outcomes"] == ["committed", "store-stopped", "store-stopped", "store-stopped"]
    assert result["told"] == ["store-stopped"]
    keys = keys_in(tmp_path / "data")
    assert b"before" in keys
    assert b"after" not in keys


def test_an_fsync_that_fails_beside_the_commits_stops_it_as_well(
    start: Start, tmp_path: Path
) -> None:
    """When the log is moved into the file: what was acknowledged before stays true."""
    trigger = tmp_path / "trigger"
    process = start(
        "break", tmp_path / "data", trigger, DISK_NO_SYNC=trigger, DISK_NO_SYNC_OF=FILE_NAME
    )
    result = outcome_of(process)
    assert result["outcomes"] == ["committed", "committed", "committed", "store-stopped"]
    assert result["told"] == ["store-stopped"]
    assert keys_in(tmp_path / "data") >= {b"before", b"during", b"beside"}


def test_a_full_disk_loses_its_batch_and_nothing_else(start: Start, tmp_path: Path) -> None:
    trigger = tmp_path / "trigger"
    process = start("fail", tmp_path / "data", trigger, DISK_FULL=trigger)
    result = outcome_of(process)
    assert result["outcomes"] == ["committed", "store-full", "store-full", "committed"]
    assert result["told"] == []
    assert keys_in(tmp_path / "data") == {b"before", b"after"}
