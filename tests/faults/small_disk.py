"""A small disk, for a host to fill."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["SmallDisk", "small_disk"]

_UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]


class SmallDisk:
    """A file system in memory, mounted at `path` in a namespace of its own."""

    def __init__(self, path: Path, holder: int) -> None:
        self.path = path
        self.within = [
            *("nsenter", f"--target={holder}"),
            *("--user", "--mount", "--preserve-credentials"),
        ]
        """The command that runs another one where the disk is mounted."""
        self._outside = Path(f"/proc/{holder}/root") / path.relative_to("/")
        self._filler = self._outside / "filler"

    def copy(self, directory: Path, name: str) -> Path:
        """Puts a directory on the disk; where it is."""
        shutil.copytree(directory, self._outside / name, symlinks=True)
        return self.path / name

    def empty(self, path: Path) -> None:
        """Puts an empty directory where on the disk there is a link."""
        link = self._outside / path.relative_to(self.path)
        link.unlink()
        link.mkdir(mode=0o700)

    def fill(self, free_bytes: int) -> None:
        """Leaves so much room."""
        size = shutil.disk_usage(self._outside).free - free_bytes
        with self._filler.open("wb") as file:
            for _ in range(size // 4096):
                file.write(bytes(4096))

    def make_room(self) -> None:
        self._filler.unlink()


@contextmanager
def small_disk(path: Path, size_bytes: int) -> Iterator[SmallDisk]:
    """Mounts a disk at `path`, until the block ends. Skips the test where the
    system does not let us."""
    path.mkdir()
    script = f"mount -t tmpfs -o size={size_bytes} none '{path}' && echo mounted && exec cat"
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        pytest.skip("there is no unshare and nsenter")
    holder = subprocess.Popen(
        [*_UNSHARE, "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        if holder.stdout.readline() != "mounted\n":
            pytest.skip("the system does not let us mount a disk")
        yield SmallDisk(path, holder.pid)
    finally:
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()
