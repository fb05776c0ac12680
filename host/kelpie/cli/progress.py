"""How far something is that takes long: one line on a terminal, gone when it is done."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Self

from kelpie.cli.output import printable, size

__all__ = ["Progress"]

_BAR_WIDTH = 24
_CLEAR_LINE = "\r\x1b[K"


class Progress:
    """Shows nothing where stderr is no terminal. Use it as a context manager."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._line = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._line:
            self._write("")

    def show(self, what: str) -> None:
        """What is done now."""
        self._write(printable(what))

    def show_part(self, what: str, done: int, total: int) -> None:
        """How many bytes of it are done."""
        filled = _BAR_WIDTH * done // max(total, 1)
        bar = "#" * filled + "-" * (_BAR_WIDTH - filled)
        self.show(f"{what} [{bar}] {size(done)} of {size(total)}")

    def _write(self, line: str) -> None:
        if self._shown and line != self._line:
            self._line = line
            sys.stderr.write(_CLEAR_LINE + line)
            sys.stderr.flush()
