"""Whoever wanted a new store, and was refused, has none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from kelpie.errors import DataDirectoryLocked
from kelpie.store.sqlite.directory import DataDirectory
from kelpie.store.sqlite.schema import FILE_NAME, NEW_FILE_NAME

__all__ = ["unmade_on_failure"]

_LOCK = "lock"
_FILES = (FILE_NAME, NEW_FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm")


@contextmanager
def unmade_on_failure(
    directory: Path, failure: type[BaseException] = BaseException
) -> Iterator[None]:
    """If the block fails so, and there was no store in the directory before, the one that
    it made is removed, with the lock and the directory if they were not there either.
    The block lets go of the store before it ends.
    """
    if (directory / FILE_NAME).exists():
        yield
        return
    had_directory, had_lock = directory.exists(), (directory / _LOCK).exists()
    try:
        yield
    except DataDirectoryLocked:
        raise  # it is somebody else's by now
    except failure:
        with suppress(OSError, DataDirectoryLocked):
            _remove(directory, with_directory=not had_directory, with_lock=not had_lock)
        raise


def _remove(directory: Path, *, with_directory: bool, with_lock: bool) -> None:
    with closing(DataDirectory(directory)):
        for name in _FILES:
            (directory / name).unlink(missing_ok=True)
        if with_lock:
            # Whoever has it open notices that it is gone: see `DataDirectory`.
            (directory / _LOCK).unlink()
        if with_directory:
            directory.rmdir()
