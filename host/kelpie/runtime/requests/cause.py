"""Why a turn is run: what of a trace travels with a request."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["REQUEST", "Cause", "Sort"]

Sort = Literal["request", "call", "send", "reminder"]


class Cause(NamedTuple):
    """What caused a turn: a client's request, or the call, send or reminder of another turn.

    It is made of strings and a number, so that it can be stored as it is and made
    again of what was stored: `Cause(*stored)`.
    """

    sort: Sort
    trace_id: str = ""
    """32 hex digits. Empty: the turn begins a trace of its own."""
    span_id: str = ""
    """16 hex digits: the turn, or the client's span, that caused it. Empty: none."""
    flags: int = 0
    """The trace-flags of W3C Trace Context."""
    state: str = ""
    """Its tracestate, as it came."""


REQUEST = Cause("request")
"""A request of a client that says nothing of a trace."""
