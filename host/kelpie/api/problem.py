"""Errors as RFC 9457 has them: `application/problem+json`.

`code` is the error's stable name, `source` says who is at fault, `retryable`
whether the same request, under the same id, can succeed later. What else an
error has to say for programs are further members.
"""

from __future__ import annotations

import json
import logging
from typing import NamedTuple

from kelpie.api.nearest_name import nearest_name
from kelpie.errors import (
    ActorRejected,
    HostFault,
    KelpieError,
    KindNotFound,
    Unauthenticated,
    every_error,
)

__all__ = ["PROBLEM_TYPE", "Problem", "as_kelpie_error", "error_of", "problem_of"]

PROBLEM_TYPE = "application/problem+json"

_MEMBERS = ("type", "title", "status", "detail", "code", "source", "retryable")

# What helps whoever runs the host, and tells others of its inside.
_FOR_THE_LOG = {"backtrace"}

_CHALLENGE = 'Bearer realm="kelpie"'

_log = logging.getLogger(__name__)


class Problem(NamedTuple):
    """An error, ready to be sent."""

    status: int
    headers: dict[str, str]
    body: bytes


def problem_of(error: KelpieError, trace_id: str | None = None) -> Problem:
    """The problem that tells a client of `error`, in a turn of the trace if it was one."""
    members: dict[str, object] = {
        "type": f"/docs/errors/{error.code}.md",
        "title": error.title,
        "status": error.status,
        "detail": _detail(error),
        "code": error.code,
        "source": error.source,
        "retryable": error.retryable,
    }
    for name, value in error.details.items():
        if name in _FOR_THE_LOG:
            continue
        assert name not in _MEMBERS, f"the detail {name!r} of {error.code} hides a member"
        members[name] = value
    if trace_id is not None:
        members["trace_id"] = trace_id
    headers: dict[str, str] = {}
    milliseconds = error.details.get("retry_after_ms")
    if isinstance(milliseconds, int):
        headers["Retry-After"] = str(-(-milliseconds // 1000))
    if isinstance(error, Unauthenticated):
        is_missing = error.details.get("reason") == "missing"
        headers["WWW-Authenticate"] = _CHALLENGE + ("" if is_missing else ', error="invalid_token"')
    allow = error.details.get("allow")
    if isinstance(allow, list):
        headers["Allow"] = ", ".join(allow)
    return Problem(error.status, headers, json.dumps(members, default=str).encode())


def error_of(problem: dict[str, object]) -> KelpieError:
    """The error that a problem tells of: `problem_of`, the other way round."""
    known = {error.code: error for error in every_error()}
    found = known.get(str(problem.get("code")), HostFault)
    error = found.__new__(found)
    details = {name: value for name, value in problem.items() if name not in _MEMBERS}
    KelpieError.__init__(error, str(problem.get("detail", found.title)), **details)
    if isinstance(error, ActorRejected):
        error.rejection_code = str(details.get("rejection"))
    return error


def as_kelpie_error(error: Exception) -> KelpieError:
    """The error itself, or HostFault if it is one that nobody foresaw: that is
    logged here with its traceback, and says nothing of it to the client."""
    if isinstance(error, KelpieError):
        # Where it came from is of no more use, and leads in a circle to what was
        # asked, which may be large: that would be there until cycles are looked for.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    _log.error("a request failed unexpectedly", exc_info=error)
    return HostFault("the host met an error that it did not expect; its log has more")


def _detail(error: KelpieError) -> str:
    if isinstance(error, KindNotFound):
        known = error.details.get("known")
        if isinstance(known, list):
            kind = str(error.details.get("kind"))
            hint = nearest_name(kind, known, "deployed") if known else "nothing is deployed yet"
            return f"{error.message} ({hint})"
    return error.message
