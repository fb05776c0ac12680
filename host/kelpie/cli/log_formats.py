"""The two forms of a log entry: lines for people, JSON for programs.

Actors and their clients choose much of what is logged: none of it can pass for
an entry of somebody else, or command a terminal. Tokens are taken out, wherever
they come from. Besides what `logging` gives
it, a record may have `about` (a mapping of what it is about: actor, turn,
request), `lines` (each of which is an entry of its own) and `for_people` (a
line that is no entry).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from kelpie.access.secret import redacted
from kelpie.ids import on_one_line

__all__ = ["JsonFormatter", "LineFormatter", "word_for_people"]

_HEAD = "%(asctime)s %(levelname)s %(name)s: "
_NOTHING: Mapping[str, object] = {}


def word_for_people(told: str, level: int = logging.INFO) -> logging.LogRecord:
    """A record of what the host says to whoever started it."""
    record = logging.LogRecord("kelpie.serve", level, "", 0, told, None, None)
    record.for_people = True
    return record


class LineFormatter(logging.Formatter):
    """Begins every line of a message alike, and escapes what is no text in it."""

    def __init__(self) -> None:
        super().__init__(_HEAD)

    def format(self, record: logging.LogRecord) -> str:
        if hasattr(record, "for_people"):
            warns = record.levelno >= logging.WARNING
            return f"{'warning: ' * warns}{record.getMessage()}"
        record.asctime = self.formatTime(record)
        head = self.formatMessage(record) + _who(_about(record))
        told = record.getMessage()
        if record.exc_info:
            told += "\n" + self.formatException(record.exc_info)
        return redacted("\n".join(head + on_one_line(line) for line in told.split("\n")))


class JsonFormatter(logging.Formatter):
    """Makes an object of each entry, on a line of its own, in ASCII alone."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        about = dict(_about(record))
        assert about.keys().isdisjoint(entry), "an entry's own members are not to be hidden"
        if record.exc_info:
            about["exception"] = self.formatException(record.exc_info)
        return redacted(
            "\n".join(
                json.dumps({**entry, "message": line, **about}, default=str)
                for line in _lines(record)
            )
        )


def _about(record: logging.LogRecord) -> Mapping[str, object]:
    about: Mapping[str, object] = getattr(record, "about", _NOTHING)
    return about


def _lines(record: logging.LogRecord) -> Iterator[str]:
    lines = getattr(record, "lines", None)
    if lines is None:
        yield record.getMessage()
    else:
        yield from lines


def _who(about: Mapping[str, object]) -> str:
    """In whose turn it was said, if in anyone's."""
    if "actor" not in about:
        return ""
    turn = f" turn {about['turn']}" if "turn" in about else ""
    request = f" [{about['request_id']}]" if "request_id" in about else ""
    return on_one_line(f"{about['actor']}{turn}{request}: ")
