"""The standard streams of the command, whatever they are connected with."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper

# To import `typing` takes longer than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["finish", "prepare"]

_STDIN, _STDOUT, _STDERR = range(3)


def prepare() -> None:
    """Makes all three usable. One that is closed is nothing to read, or thrown away:
    else the first file that is opened would take its number, and whatever is written
    to a stream would go into that file. A character that the encoding of stdout lacks
    is printed as its escape."""
    for number in (_STDIN, _STDOUT, _STDERR):
        try:
            os.fstat(number)
        except OSError:
            # It takes the lowest number that is free: this one.
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(_STDIN, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(_STDOUT, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(_STDERR, "w", closefd=False)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def finish() -> OSError | None:
    """Writes what is not yet written. What cannot be is dropped, or Python would
    complain at its end. Returns why stdout's was."""
    _flush(sys.stderr, _STDERR)
    return _flush(sys.stdout, _STDOUT)


def _flush(stream: TextIO, number: int) -> OSError | None:
    try:
        stream.flush()
    except OSError as error:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        return error
    return None
