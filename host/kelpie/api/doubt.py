"""Whether to ask again, and what is known when nobody asks any more."""

from __future__ import annotations

from kelpie.api.unreachable import HostUnreachable
from kelpie.errors import (
    ActorOutcomeUnknown,
    KelpieError,
    OutcomeUnknown,
    RequestMismatch,
)
from kelpie.limits import Limits

__all__ = ["Failure", "is_conclusive", "leaves_doubt", "may_help", "named", "pause_ms"]

Failure = KelpieError | HostUnreachable

_DOUBLINGS_MAX = 16


def may_help(error: Failure) -> bool:
    """Whether the same, under the same id, can succeed later."""
    if isinstance(error, HostUnreachable):
        return not error.answers
    return error.retryable


def leaves_doubt(error: Failure) -> bool:
    """Whether what was asked may have been done."""
    if isinstance(error, HostUnreachable):
        return error.sent
    return isinstance(error, OutcomeUnknown | ActorOutcomeUnknown)


def is_conclusive(error: Failure) -> bool:
    """Whether it tells what became of the request, also of earlier attempts: the
    host looks for their record before it has the actor run."""
    if isinstance(error, HostUnreachable) or leaves_doubt(error):
        return False
    return error.source == "actor" or isinstance(error, RequestMismatch)


def pause_ms(attempt: int, error: Failure, draw: bytes, limits: Limits) -> float:
    """How long to wait after so many attempts: from half of it to all of it, as is
    drawn, so that those who were refused together do not come again together. Never
    less than the host asks for."""
    longest = min(
        limits.client_retry_ms << min(attempt, _DOUBLINGS_MAX), limits.client_retry_ms_max
    )
    share = int.from_bytes(draw) / (1 << 8 * len(draw))
    asked = (
        error.retry_after_ms
        if isinstance(error, HostUnreachable)
        else error.details.get("retry_after_ms")
    )
    least = asked if isinstance(asked, int) else 0
    return least + longest * (1 + share) / 2


def named(error: Failure, request_id: str | None) -> Failure:
    """The error, with the id under which it was asked."""
    if request_id is not None:
        if isinstance(error, HostUnreachable):
            error.request_id = request_id
        else:
            error.details["request_id"] = request_id
    return error
