"""Files and pipes that are given to a command: no more of them is read than is allowed.
A device has no end, and a file that was not meant may be larger than the memory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

from kelpie.errors import ComponentTooLarge, PayloadTooLarge
from kelpie.limits import DEFAULT_LIMITS

__all__ = ["STDIN", "read_argument", "read_upload"]

STDIN = Path("-")


def read_upload(file: Path) -> bytes:
    """Raises:
    ComponentTooLarge, OSError
    """
    with file.open("rb") as opened:
        return _read(opened, str(file), "component_bytes_max", ComponentTooLarge)


def read_argument(file: Path = STDIN) -> bytes:
    """What an actor is to be given; `-` is stdin.

    Raises:
        PayloadTooLarge, OSError
    """
    if file == STDIN:
        return _read(sys.stdin.buffer, "stdin", "payload_bytes_max", PayloadTooLarge)
    with file.open("rb") as opened:
        return _read(opened, str(file), "payload_bytes_max", PayloadTooLarge)


def _read(
    opened: BinaryIO, name: str, limit: str, error: type[ComponentTooLarge | PayloadTooLarge]
) -> bytes:
    bytes_max: int = getattr(DEFAULT_LIMITS, limit)
    found = opened.read(bytes_max + 1)
    if len(found) > bytes_max:
        raise error(f"{name} has more than {bytes_max} bytes ({limit})", limit=limit)
    return found
