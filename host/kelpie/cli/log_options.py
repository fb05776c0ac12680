"""How the host's log may be asked for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LOGGED_REQUESTS", "LOG_FORMATS", "LogOptions"]

LOG_FORMATS = ("auto", "text", "json")
LOGGED_REQUESTS = ("auto", "all", "failed", "none")


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
