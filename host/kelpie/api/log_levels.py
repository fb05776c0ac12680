"""What is logged, and changing it while the host runs.

The levels are those of Python's loggers: a logger that has none of its own has
that of the one above it.
"""

from __future__ import annotations

import logging

from kelpie.errors import InvalidRequest, RouteNotFound

__all__ = ["LEVELS", "LOGGERS", "levels", "set_level"]

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "off": logging.CRITICAL + 1,
}
LOGGERS = {
    "kelpie": "the host, and all below that have no level of their own",
    "kelpie.actor": "what actors log, and the traces of those that trapped",
    "kelpie.request": "one entry for each request; a warning if its status is 500 or more",
}


def levels() -> dict[str, str]:
    """The level of each logger, by its name."""
    return {name: _name(logging.getLogger(name).getEffectiveLevel()) for name in LOGGERS}


def set_level(logger: str, level: str) -> None:
    """From now on the logger's entries of this level, and of higher ones, are logged.

    Raises:
        RouteNotFound: there is no such logger.
        InvalidRequest: there is no such level.
    """
    if logger not in LOGGERS:
        raise RouteNotFound(
            f"there is no logger {logger[:80]!a}: these are {', '.join(LOGGERS)}",
            loggers=list(LOGGERS),
        )
    number = LEVELS.get(level)
    if number is None:
        raise InvalidRequest(f"{level[:80]!a} is no level: use one of {', '.join(LEVELS)}")
    logging.getLogger(logger).setLevel(number)


def _name(number: int) -> str:
    """The lowest level whose entries are logged."""
    return next((name for name, each in LEVELS.items() if number <= each), "off")
