"""The limits of tokens, of the audit log and of TLS."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.limits.client import ClientLimits
from kelpie.limits.limit import limit

__all__ = ["AccessLimits"]


@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class AccessLimits(ClientLimits):
    """Those of `Limits` that are about the front door. On top of those of clients,
    since classes with slots cannot stand side by side."""

    tokens_max: int = limit(1_000, "tokens of the host; `tokens-full`")
    token_requests_per_second_max: int = limit(
        1_000_000, "requests a second to which a token may be limited; `invalid-request`"
    )
    audit_entries_max: int = limit(100_000, "entries of the audit log; beyond it the oldest go")
    audit_fold_ms: int = limit(
        600_000,
        "time in which refusals of one token, of the same action for the same reason, are counted "
        "after the first; then they are one entry",
    )
    audit_page_entries_max: int = limit(
        1_000, "entries in one page of the audit log; more follow; `invalid-request`"
    )
    http_tls_handshakes_max: int = limit(
        1_000, "TLS handshakes that are not finished; beyond it the oldest connection is closed"
    )
    http_tls_handshake_ms_max: int = limit(
        10_000, "time that a TLS handshake may take; then the connection is closed"
    )
    http_plain_told_ms: int = limit(
        60_000, "time between two entries in the log of clients that speak no TLS to such a host"
    )
