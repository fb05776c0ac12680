"""The limits of durable turns."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.limits.journal import JournalLimits
from kelpie.limits.limit import MIB, limit

__all__ = ["DurableLimits"]


@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class DurableLimits(JournalLimits):
    """Those of `Limits` that are about turns that outlive a crash."""

    durable_turn_calls_max: int = limit(1_000, "calls of a durable turn; `guest-limit-exceeded`")
    durable_turn_bytes_max: int = limit(
        8 * MIB,
        "what a durable turn began with and its host calls, as they are kept until it ends; "
        "`guest-limit-exceeded`",
    )
    durable_turn_age_ms_max: int = limit(
        86_400_000,
        "time since a durable turn began, by the wall clock; then it is `rejected`, as turn-"
        "expired",
    )
    durable_call_ms_max: int = limit(
        600_000,
        "time that a call of a durable turn may take; then the guest gets unavailable or unknown",
    )
    durable_retry_ms: int = limit(
        100,
        "pause before a durable turn is resumed that the host could not go on with; it doubles "
        "each time",
    )
    durable_attempts_max: int = limit(
        5, "such attempts in a row; then what waits for the actor gets the error"
    )
    durable_sweep_ms: int = limit(
        5_000, "time between two looks at which durable turns nobody goes on with"
    )
    durable_resumed_at_once_max: int = limit(
        100, "durable turns that a host resumes by itself at once; others wait in the store"
    )
    turns_page_entries_max: int = limit(
        1_000, "turns in a page of those in flight; `invalid-request`"
    )
