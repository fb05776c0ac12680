"""The limits of actors that talk to each other."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.limits.components import ComponentLimits
from kelpie.limits.limit import limit

__all__ = ["MessagingLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagingLimits(ComponentLimits):
    """Those of `Limits` that are about messages between actors."""

    # Calls.
    call_key_bytes_max: int = limit(
        256, "the key that a guest gives a call; `guest-limit-exceeded`"
    )
    call_chain_actors_max: int = limit(
        32, "actors that wait for each other, the last one's callee included; the call fails"
    )
    call_margin_ms_max: int = limit(
        500,
        "time that a call leaves its caller before the caller's own deadline; a tenth of what is "
        "left if that is less",
    )
    call_retry_ms: int = limit(
        5, "pause before a call is tried again; it doubles with each attempt"
    )
    call_retry_ms_max: int = limit(500, "such a pause at the longest")
    calls_waiting_max: int = limit(
        20_000, "calls between actors that wait in the host; further ones are tried again later"
    )
