"""A host that some environment's `kelpie` serves."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["served_by"]


@contextmanager
def served_by(command: str | Path, data: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Its URL, until the block ends."""
    process = subprocess.Popen(
        [command, "serve", "--data", data, "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("ready on "), line
        yield line.removeprefix("ready on ").strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
