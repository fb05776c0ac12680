"""The limits of clients: of programs that ask a host."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.limits.limit import KIB, MIB, limit
from kelpie.limits.store import StoreLimits

__all__ = ["ClientLimits"]


@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class ClientLimits(StoreLimits):
    """Those of `Limits` that are about `kelpie.Client`."""

    client_timeout_ms_default: int = limit(
        30_000, "time until a client gives a request up, if it is told no other"
    )
    client_answer_ms_max: int = limit(
        500, "time beyond it that a client gives the host to say what became of the request"
    )
    client_retry_ms: int = limit(
        50, "pause before a client asks again, about; it doubles each time"
    )
    client_retry_ms_max: int = limit(2_000, "the longest such pause, if the host names no longer")
    client_kinds_max: int = limit(
        1_000, "kinds whose description a client keeps; beyond it the oldest go"
    )
    client_connections_max: int = limit(
        100, "connections of a client; beyond it requests wait for one"
    )
    client_connect_ms_max: int = limit(
        10_000, "time until a client has a connection, with TLS; then no host answers"
    )
    client_idle_ms_max: int = limit(
        15_000, "time without a request after which a client uses a connection no more"
    )
    client_close_ms_max: int = limit(
        200, "time that a client which ends gives its connections to be closed in order"
    )
    client_head_bytes_max: int = limit(
        64 * KIB, "the head of an answer to a client; beyond it, it is none"
    )
    client_unread_bytes_max: int = limit(
        256 * KIB, "what a client takes of an answer that it does not read; the rest waits"
    )
    client_answer_bytes_max: int = limit(
        512 * MIB, "an answer that a client reads whole, or a line of one; beyond it, it is none"
    )
    settings_file_bytes_max: int = limit(256 * KIB, "a `kelpie.toml`; beyond it, it is none")
    client_silence_ms_max: int = limit(
        120_000, "time without a byte of the answer to what only reads; then a client gives it up"
    )
    client_change_silence_ms_max: int = limit(
        1_200_000,
        "... to what changes something, while the host takes nothing of it either; what becomes of "
        "it is not known then",
    )
