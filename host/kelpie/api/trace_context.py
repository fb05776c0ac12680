"""W3C Trace Context: which trace a request is part of, as its headers say it.

What is malformed is ignored, as the standard has it: the request is then part of
no trace but its own.
"""

from __future__ import annotations

import re

from multidict import MultiMapping

from kelpie.api.headers import TRACE_PARENT_HEADER, TRACE_STATE_HEADER
from kelpie.runtime.requests.cause import REQUEST, Cause

__all__ = ["cause_of_headers", "traceparent"]

_VERSION_00 = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
# Of a later version only this much is understood.
_LATER = re.compile("(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16
# Sampled, and: the trace's id was drawn at random.
_FLAGS = 0b11
_STATE_BYTES_MAX = 512
_STATE_MEMBERS_MAX = 32
_STATE = re.compile("[ -~\t]*")


def cause_of_headers(headers: MultiMapping[str]) -> Cause:
    """Why a client's request is asked."""
    given = headers.get(TRACE_PARENT_HEADER)
    if given is None:
        return REQUEST
    found = _parse(given)
    if found is None or len(headers.getall(TRACE_PARENT_HEADER)) > 1:
        return REQUEST
    return Cause("request", *found, _state(headers))


def traceparent(trace_id: str, span_id: str, flags: int) -> str:
    """The header that says which span of which trace something comes from."""
    return f"00-{trace_id}-{span_id}-{flags:02x}"


def _parse(given: str) -> tuple[str, str, int] | None:
    given = given.strip(" \t")
    found = (_VERSION_00 if given.startswith("00") else _LATER).fullmatch(given)
    if found is None or found[1] == _NO_TRACE or found[2] == _NO_SPAN:
        return None
    return found[1], found[2], int(found[3], 16) & _FLAGS


def _state(headers: MultiMapping[str]) -> str:
    members = [
        member
        for member in map(str.strip, ",".join(headers.getall(TRACE_STATE_HEADER, ())).split(","))
        if member
    ]
    state = ",".join(members)
    if (
        len(members) > _STATE_MEMBERS_MAX
        or len(state) > _STATE_BYTES_MAX
        or not _STATE.fullmatch(state)
    ):
        return ""
    return state
