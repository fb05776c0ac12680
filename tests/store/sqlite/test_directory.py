"""The lock of a data directory."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kelpie.errors import DataDirectoryLocked
from kelpie.store.sqlite import directory
from kelpie.store.sqlite.directory import DataDirectory


def test_a_lock_that_was_removed_in_between_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has opened it before it was removed would share the directory with who has
    made it anew."""
    opened = directory._open_lock
    left = iter([True, False])

    def open_and_lose(path: Path) -> int:
        descriptor = opened(path)
        if next(left):
            path.unlink()
        return descriptor

    monkeypatch.setattr(directory, "_open_lock", open_and_lose)
    held = DataDirectory(tmp_path)
    monkeypatch.undo()
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    with pytest.raises(DataDirectoryLocked):
        DataDirectory(tmp_path)
    held.close()


def test_on_a_full_disk_only_the_pid_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    held = DataDirectory(tmp_path)
    with pytest.raises(DataDirectoryLocked, match="in use by process unknown"):
        DataDirectory(tmp_path)
    held.close()
