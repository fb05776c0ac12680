"""The host's log, on stderr: one entry a line, and nothing in it but text."""

from __future__ import annotations

import logging
import sys

from kelpie.cli.log_writer import LogWriter
from kelpie.env import ThreadedEnv
from kelpie.ids import on_one_line
from kelpie.limits import Limits

__all__ = ["LineFormatter", "log_to_stderr"]

_HEAD = "%(asctime)s %(levelname)s %(name)s: "


class LineFormatter(logging.Formatter):
    """Begins every line of a message alike, and escapes what is no text in it.

    Actors and their clients choose much of what is logged: none of it can pass
    for an entry of somebody else, or command a terminal.
    """

    def __init__(self) -> None:
        super().__init__(_HEAD)

    def format(self, record: logging.LogRecord) -> str:
        record.asctime = self.formatTime(record)
        head = self.formatMessage(record)
        told = record.getMessage()
        if record.exc_info:
            told += "\n" + self.formatException(record.exc_info)
        return "\n".join(head + on_one_line(line) for line in told.split("\n"))


def log_to_stderr(env: ThreadedEnv, limits: Limits) -> LogWriter:
    """Sends what is logged in this process there, in a thread of its own."""
    writer = LogWriter(env, sys.stderr.fileno(), limits)
    writer.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[writer])
    return writer
