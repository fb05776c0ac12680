"""Standard output and error go to the actor's log, a line at a time; there is no input."""

from __future__ import annotations

import io
import sys
from typing import Any, NoReturn

from kelpie_actor.passing import shown_text
from kelpie_guest.turn import turn, unsupported

__all__ = ["install"]


class _LogStream(io.TextIOBase):
    """Lines for the log."""

    def __init__(self, level: str) -> None:
        self._level = level
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._begun = shown_text(self._begun + text).split("\n")
        for line in lines:
            turn.host.log(self._level, line)
        if self._begun and self not in turn.output:
            turn.output.append(self)
        return len(text)

    def end_line(self) -> None:
        if self._begun:
            line, self._begun = self._begun, ""
            turn.host.log(self._level, line)


class _NoInput(io.TextIOBase):
    def readable(self) -> bool:
        return True

    def _refuse(self) -> NoReturn:
        unsupported("an actor has no standard input: what it is to know is in its argument")

    def read(self, *_size: Any) -> NoReturn:
        self._refuse()

    def readline(self, *_size: Any) -> NoReturn:
        self._refuse()

    def fileno(self) -> NoReturn:
        self._refuse()


def install() -> None:
    sys.stdout = sys.__stdout__ = _LogStream("info")  # type: ignore[misc, assignment]
    sys.stderr = sys.__stderr__ = _LogStream("warn")  # type: ignore[misc, assignment]
    sys.stdin = sys.__stdin__ = _NoInput()  # type: ignore[misc, assignment]
