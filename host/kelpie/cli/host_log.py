"""The host's log, on stderr: how it looks, and what is in it from the start."""

from __future__ import annotations

import logging
import sys

from kelpie.api.log_levels import set_level
from kelpie.cli.log_formats import JsonFormatter, LineFormatter
from kelpie.cli.log_options import LogOptions
from kelpie.cli.log_writer import LogWriter
from kelpie.env import ThreadedEnv
from kelpie.limits import Limits

__all__ = ["log_to_stderr"]

_REQUEST_LEVELS = {"all": "info", "failed": "warning", "none": "off"}


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
