"""What a process has of the machine."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["children", "directory_bytes", "open_files", "resident_bytes"]


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
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
