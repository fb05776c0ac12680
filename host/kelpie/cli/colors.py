"""Colors, where somebody looks: on a terminal, unless NO_COLOR is set."""

from __future__ import annotations

import os
from typing import TextIO

__all__ = ["bold", "red", "yellow"]

_RESET = "\x1b[0m"


def bold(told: str, stream: TextIO) -> str:
    return _painted("\x1b[1m", told, stream)


def red(told: str, stream: TextIO) -> str:
    return _painted("\x1b[31m", told, stream)


def yellow(told: str, stream: TextIO) -> str:
    return _painted("\x1b[33m", told, stream)


def _painted(color: str, told: str, stream: TextIO) -> str:
    # https://no-color.org: whatever it is set to, but for nothing.
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"{color}{told}{_RESET}" if wanted and stream.isatty() else told
