"""The data directory and the file in it: whose they are, and which format they have."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kelpie.errors import DataDirectoryLocked, StoredValueCorrupt, StoreFormatUnsupported
from kelpie.store.sqlite.directory import DataDirectory
from kelpie.store.sqlite.schema import FILE_NAME
from tests.store.conformance.helpers import put, read
from tests.store.sqlite.conftest import Open

HOLDER = """
import sys, pathlib
from kelpie.store.sqlite.directory import DataDirectory
held = DataDirectory(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_everything_made_is_its_owners_alone(path: Path, open_: Open) -> None:
    store = await open_()
    await put(store, a=b"1")
    assert mode_of(path) == 0o700
    assert mode_of(path.parent) == 0o700
    for file in path.iterdir():
        assert mode_of(file) & 0o077 == 0, file


async def test_a_directory_that_is_there_is_left_as_it_is(path: Path, open_: Open) -> None:
    path.mkdir(parents=True)
    path.chmod(0o750)
    await open_()
    assert mode_of(path) == 0o750


async def test_a_second_store_in_this_process_is_refused(path: Path, open_: Open) -> None:
    first = await open_()
    with pytest.raises(DataDirectoryLocked) as caught:
        await open_()
    assert caught.value.details["pid"] == os.getpid()
    await first.close()
    assert await read(await open_(), b"a") is None


def test_another_process_is_named_and_its_death_frees_the_directory(path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataDirectoryLocked) as caught:
            DataDirectory(path)
        assert caught.value.details["pid"] == holder.pid
        assert str(holder.pid) in caught.value.message
        assert str(path) in caught.value.message
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    directory = DataDirectory(path)
    directory.close()
    directory.close()


async def test_a_newer_format_is_refused_and_the_directory_let_go(path: Path, open_: Open) -> None:
    await (await open_()).close()
    with closing(sqlite3.connect(path / FILE_NAME)) as file:
        file.execute("PRAGMA user_version = 2")
    for _ in range(2):
        with pytest.raises(StoreFormatUnsupported) as caught:
            await open_()
        assert caught.value.details["format"] == 2
        assert "use the version that wrote it" in caught.value.message


async def test_the_file_of_another_program_is_refused(path: Path, open_: Open) -> None:
    path.mkdir(parents=True)
    with closing(sqlite3.connect(path / FILE_NAME)) as file:
        file.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreFormatUnsupported):
        await open_()


async def test_what_is_no_sqlite_file_is_refused(path: Path, open_: Open) -> None:
    path.mkdir(parents=True)
    (path / FILE_NAME).write_bytes(b"hello, I am a text file" * 100)
    with pytest.raises(StoredValueCorrupt) as caught:
        await open_()
    assert FILE_NAME in caught.value.message
    assert (path / FILE_NAME).read_bytes().startswith(b"hello")


async def test_a_file_that_was_emptied_is_not_taken_for_a_new_one(path: Path, open_: Open) -> None:
    await (await open_()).close()
    (path / FILE_NAME).write_bytes(b"")
    with pytest.raises(StoredValueCorrupt, match="is empty"):
        await open_()
    assert (path / FILE_NAME).read_bytes() == b""


async def test_a_store_that_was_half_made_is_made_anew(path: Path, open_: Open) -> None:
    path.mkdir(parents=True)
    (path / f"{FILE_NAME}.new").write_bytes(b"half")
    await put(await open_(), a=b"1")
    assert not (path / f"{FILE_NAME}.new").exists()


async def test_a_path_that_is_a_file_is_an_os_error(path: Path, open_: Open) -> None:
    path.parent.mkdir()
    path.write_text("")
    with pytest.raises(OSError, match=r"exists|directory"):
        await open_()


@pytest.mark.parametrize("dangling", [False, True])
def test_a_lock_that_leads_elsewhere_is_not_followed(tmp_path: Path, dangling: bool) -> None:
    other = tmp_path / "other"
    if not dangling:
        other.write_text("precious")
    data = tmp_path / "data"
    data.mkdir()
    (data / "lock").symlink_to(other)
    with pytest.raises(OSError, match="symbolic link") as found:
        DataDirectory(data)
    assert found.value.filename == str(data / "lock")
    assert not other.exists() if dangling else other.read_text() == "precious"


def test_a_lock_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(OSError, match="regular"):
        DataDirectory(tmp_path)
