"""What actors say, and what went wrong in their turns, as entries of the log.

Every entry has `about`, a mapping with the actor, and with turn and request
where they are known. An entry of an actor's own words has them in `lines`.
"""

from __future__ import annotations

import logging
from itertools import groupby
from operator import attrgetter

from kelpie.errors import HostFault, KelpieError, LoadFailed, StoredValueCorrupt
from kelpie.ids import Address
from kelpie.runtime.message import Message
from kelpie.wasm.turn import Level, LogLine

__all__ = ["about_turn", "log_error", "log_lines"]

_log = logging.getLogger("kelpie")
_guest_log = logging.getLogger("kelpie.actor")

_LEVELS: dict[Level, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}


def about_turn(address: Address, number: int, message: Message) -> dict[str, object]:
    """What the entries of a turn say of it. The number is that which its guest
    was told: of a turn that commits nothing, the next one has it too."""
    return {
        "actor": str(address),
        "turn": number,
        "request_id": message.envelope.request_id,
    }


def log_lines(lines: list[LogLine], about: dict[str, object]) -> None:
    """Logs what a turn said."""
    # Line after line of one level is one entry: an entry costs more than a line.
    for level, group in groupby(lines, key=attrgetter("level")):
        if _guest_log.isEnabledFor(_LEVELS[level]):
            told = [line.message for line in group]
            extra = {"about": about, "lines": told}
            _guest_log.log(_LEVELS[level], "%s", "\n".join(told), extra=extra)


def log_error(error: KelpieError, about: dict[str, object]) -> None:
    """Logs an error of a turn, if whoever asked cannot be told enough of it."""
    extra = {"about": about}
    if isinstance(error, HostFault):
        _log.error("the turn met a fault of the host", exc_info=error, extra=extra)
    elif isinstance(error, StoredValueCorrupt):
        _log.error("%s", error.message, extra=extra)
    elif isinstance(error, LoadFailed):
        _log.warning("%s", error.message, extra=extra)
    elif "backtrace" in error.details:
        _guest_log.warning("%s", error.details["backtrace"], extra=extra)
