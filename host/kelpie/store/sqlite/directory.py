"""The data directory, owned by one process at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from kelpie.errors import DataDirectoryLocked

__all__ = ["DataDirectory", "sync"]

_LOCK_NAME = "lock"
_PID_BYTES_MAX = 32


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
        self._lock = os.open(path / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(self._lock, _PID_BYTES_MAX, 0).decode(errors="replace").strip()
            os.close(self._lock)
            raise DataDirectoryLocked(
                f"the data directory {path} is in use by process {pid or 'unknown'}: "
                "stop that one, or give this one a directory of its own",
                pid=int(pid) if pid.isdecimal() else None,
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Lets another process have it. Idempotent."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


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
