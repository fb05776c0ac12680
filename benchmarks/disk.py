"""The file system under a benchmark, and what a process writes to it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["MEMORY_FILE_SYSTEMS", "file_system", "written_bytes"]

MEMORY_FILE_SYSTEMS = frozenset({"tmpfs", "ramfs", "devtmpfs"})
"""Where an fsync costs nothing: no place to measure durability."""


def file_system(directory: Path) -> str:
    """The type of the file system that holds `directory`, as the kernel names it."""
    holder, found = Path("/"), "unknown"
    path = directory.resolve()
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split(" ")
        # Mount points write a space as \040 and the like.
        mount = Path(fields[4].encode().decode("unicode_escape"))
        if path.is_relative_to(mount) and mount.is_relative_to(holder):
            holder, found = mount, fields[fields.index("-") + 1]
    return found


def written_bytes(process_id: int) -> int:
    """Bytes that a process has handed to the system so far, in files and sockets."""
    for line in Path(f"/proc/{process_id}/io").read_text().splitlines():
        name, value = line.split(": ")
        if name == "wchar":
            return int(value)
    raise LookupError("the kernel does not account for input and output")
