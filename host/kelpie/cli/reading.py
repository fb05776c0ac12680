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
    bytes_max = DEFAULT_LIMITS.component_bytes_max
    with file.open("rb") as opened:
        upload = opened.read(bytes_max + 1)
    if len(upload) > bytes_max:
        raise ComponentTooLarge(
            f"{file} has more than {bytes_max} bytes (component_bytes_max)",
            limit="component_bytes_max",
        )
    return upload


def read_argument(file: Path = STDIN) -> bytes:
    """What an actor is to be given; `-` is stdin.

    Raises:
        PayloadTooLarge, OSError
    """
    if file == STDIN:
        return _argument(sys.stdin.buffer, "stdin")
    with file.open("rb") as opened:
        return _argument(opened, str(file))


def _argument(opened: BinaryIO, name: str) -> bytes:
    bytes_max = DEFAULT_LIMITS.payload_bytes_max
    argument = opened.read(bytes_max + 1)
    if len(argument) > bytes_max:
        raise PayloadTooLarge(
            f"{name} has more than {bytes_max} bytes (payload_bytes_max)",
            limit="payload_bytes_max",
        )
    return argument
