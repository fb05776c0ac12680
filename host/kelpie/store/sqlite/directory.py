"""The data directory, owned by one process at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kelpie.errors import DataDirectoryLocked

__all__ = ["DataDirectory", "changeable_by_others", "fresh_directory", "sync"]

_LOCK_NAME = "lock"
_PID_BYTES_MAX = 32
_FULL = (errno.ENOSPC, errno.EDQUOT)


class DataDirectory:
    """A directory that no other process uses while this object is open.

    The lock is the kernel's: it ends with the process, however that ends.
    """

    def __init__(self, path: Path) -> None:
        """Makes the directory, readable by its owner alone, if it is not there.

        Raises:
            DataDirectoryLocked: another process has it; names that one's pid.
            OSError: it cannot be made or opened.
        """
        self.path = path
        _make(path)
        self._lock = _take_lock(path)
        os.ftruncate(self._lock, 0)
        try:
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            if error.errno not in _FULL:
                os.close(self._lock)
                raise
            # It is only told, and what is to be stored says that the disk is full.

    def close(self) -> None:
        """Lets another process have it. Idempotent."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


@contextmanager
def fresh_directory(path: Path) -> Iterator[None]:
    """Has the directory for as long as the block lasts. If that fails, and nothing
    else is in it, whatever was made of it is removed.

    Raises:
        as `DataDirectory`
    """
    made = [each for each in (path, *path.parents) if not each.exists()]
    directory = DataDirectory(path)
    try:
        yield
    except BaseException:
        # Nobody else can have a lock in a directory that was not there.
        with suppress(OSError):
            if made and [each.name for each in path.iterdir()] == [_LOCK_NAME]:
                (path / _LOCK_NAME).unlink()
            for each in made:
                each.rmdir()
        raise
    finally:
        directory.close()


def _take_lock(path: Path) -> int:
    """The lock of a directory, taken.

    Raises:
        DataDirectoryLocked, OSError
    """
    while True:
        lock = _open_lock(path / _LOCK_NAME)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(lock, _PID_BYTES_MAX, 0).decode(errors="replace").strip()
            os.close(lock)
            raise DataDirectoryLocked(
                f"the data directory {path} is in use by process {pid or 'unknown'}: "
                "stop that one, or give this one a directory of its own",
                pid=int(pid) if pid.isdecimal() else None,
            ) from None
        if _is_there(path / _LOCK_NAME, lock):
            return lock
        # Whoever had it has removed it in between: others would lock another file.
        os.close(lock)


def _is_there(path: Path, descriptor: int) -> bool:
    """Whether the file is still the one that the path names."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _open_lock(path: Path) -> int:
    # What a link leads to is somebody else's, and would be overwritten.
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        told = "it is a symbolic link, and no host makes one there: see who did, and remove it"
        raise OSError(errno.ELOOP, told, str(path)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file, as a lock is: remove it", str(path))
    return descriptor


def changeable_by_others(path: Path) -> list[Path]:
    """What of a data directory others than its owner can write: itself, or the files in it."""
    return [
        each
        for each in (path, *sorted(path.iterdir()))
        if (each == path or not each.is_symlink())
        and each.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ]


def _make(path: Path) -> None:
    """Makes a directory and what is missing above it, such that it survives a power loss."""
    if path.is_dir():
        return
    if path.parent != path:
        _make(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """Makes what is in a file durable, or the names in a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
