"""Files and pipes that are given to a command: no more of them is read than is allowed.
A device has no end, and a file that was not meant may be larger than the memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from kelpie.errors import ComponentTooLarge, PayloadTooLarge
from kelpie.limits import DEFAULT_LIMITS

__all__ = ["STDIN", "read_argument", "read_up_to", "read_upload"]

STDIN = Path("-")


def read_upload(file: Path) -> bytes:
    """Raises:
    ComponentTooLarge, OSError
    """
    with file.open("rb") as opened:
        limit = "component_bytes_max"
        return read_up_to(limit, opened, str(file), partial(ComponentTooLarge, limit=limit))


def read_argument(file: Path = STDIN) -> bytes:
    """What an actor is to be given; `-` is stdin.

    Raises:
        PayloadTooLarge, OSError
    """
    limit = "payload_bytes_max"
    refuse = partial(PayloadTooLarge, limit=limit)
    if file == STDIN:
        return read_up_to(limit, sys.stdin.buffer, "stdin", refuse)
    with file.open("rb") as opened:
        return read_up_to(limit, opened, str(file), refuse)


def read_up_to(
    limit: str, opened: BinaryIO, name: str, refuse: Callable[[str], Exception]
) -> bytes:
    """All of it. If that is more than the limit of this name allows, what `refuse` makes
    of the reason is raised."""
    bytes_max: int = getattr(DEFAULT_LIMITS, limit)
    found = opened.read(bytes_max + 1)
    if len(found) > bytes_max:
        raise refuse(f"{name} has more than {bytes_max} bytes ({limit})")
    return found
