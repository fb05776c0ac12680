"""The limits of the store, as FoundationDB has them."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.limits.limit import MIB
from kelpie.limits.limit import limit as _limit

__all__ = ["StoreLimits"]


@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class StoreLimits:
    """Those of `Limits` that are about the store."""

    store_key_bytes_max: int = _limit(10_000, "a key of the store; an invariant of the host")
    store_value_bytes_max: int = _limit(
        100_000, "a value of the store; larger values of actors are stored in chunks"
    )
    store_chunk_bytes_max: int = _limit(
        90_000, "a chunk of a larger value of an actor; with its frame it fits a store value"
    )
    store_transaction_bytes_max: int = _limit(
        10_000_000, "keys and values that a transaction writes; an invariant of the host"
    )
    store_transaction_ms_max: int = _limit(
        5_000, "age of a transaction's read version; beyond it it is begun anew"
    )
    store_recent_write_bytes_max: int = _limit(
        128 * MIB,
        "memory of what was written lately; beyond it older transactions are begun anew",
    )
    store_batch_bytes_max: int = _limit(
        16 * MIB, "commits that the embedded store writes with one fsync; the rest wait"
    )
    store_queue_bytes_max: int = _limit(
        256 * MIB, "commits that wait for the embedded store; `store-write-failed`"
    )
    store_log_bytes_max: int = _limit(
        16 * MIB, "its write-ahead log, about; then it is moved into the file"
    )
    store_log_held_bytes_max: int = _limit(
        64 * MIB, "the log while transactions read from it, about; then they end"
    )
    store_snapshots_max: int = _limit(
        16, "versions of the file that transactions read at a time; the oldest end"
    )
    store_snapshot_values_max: int = _limit(
        1_024, "small values that one such version keeps in memory once they were read"
    )
    store_attempts_max: int = _limit(
        10, "attempts at an administrative transaction; then the last one's error"
    )
    store_retry_ms: int = _limit(5, "pause before its second attempt; it doubles")
    store_retry_ms_max: int = _limit(500, "longest such pause")
