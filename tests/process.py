"""What a process has of the machine."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["anonymous_bytes", "children", "directory_bytes", "open_files", "resident_bytes"]


def resident_bytes(pid: int) -> int:
    """What the process has of the machine's memory."""
    return _status(pid, "VmRSS")


def anonymous_bytes(pid: int) -> int:
    """The part of it that no file stands for."""
    return _status(pid, "RssAnon")


def _status(pid: int, name: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def open_files(pid: int) -> int:
    """Files and sockets."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def children(pid: int) -> int:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return sum(len(each.read_text().split()) for each in found)


def directory_bytes(directory: Path) -> tuple[int, int]:
    """How many files there are below it, and how large they are together."""
    sizes = []
    for each in directory.rglob("*"):
        try:
            if each.is_file():
                sizes.append(each.stat().st_size)
        except FileNotFoundError:
            continue
    return len(sizes), sum(sizes)
