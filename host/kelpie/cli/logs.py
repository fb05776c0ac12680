"""The host's log, on stderr: how it looks, and what is in it from the start."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

from kelpie.api.log_levels import set_level
from kelpie.cli.log_formats import JsonFormatter, LineFormatter
from kelpie.cli.log_writer import LogWriter
from kelpie.env import ThreadedEnv
from kelpie.limits import Limits

__all__ = ["LOGGED_REQUESTS", "LOG_FORMATS", "LogOptions", "log_to_stderr"]

LOG_FORMATS = ("auto", "text", "json")
LOGGED_REQUESTS = ("auto", "all", "failed", "none")

_REQUEST_LEVELS = {"all": "info", "failed": "warning", "none": "off"}


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How the log was asked for."""

    level: str
    """Of everything: a name of `api.log_levels`."""
    requests: str
    """Which requests are told of: one of LOGGED_REQUESTS. `failed` are those with
    status 5xx; `auto` is `all` on a terminal, `failed` elsewhere."""
    format: str
    """One of LOG_FORMATS; `auto` is text on a terminal, JSON elsewhere."""


def log_to_stderr(env: ThreadedEnv, limits: Limits, options: LogOptions) -> LogWriter:
    """Sends what is logged in this process there, in a thread of its own."""
    is_terminal = sys.stderr.isatty()
    writer = LogWriter(env, sys.stderr.fileno(), limits)
    is_text = options.format == "text" or (options.format == "auto" and is_terminal)
    writer.setFormatter(LineFormatter() if is_text else JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[writer])
    set_level("kelpie", options.level)
    wanted = options.requests
    if wanted == "auto":
        wanted = "all" if is_terminal else "failed"
    set_level("kelpie.request", _REQUEST_LEVELS[wanted])
    return writer
