"""Batches: many operations in one turn, as lines of text.

What is in the lines is between client and guest. The host only counts them.
"""

from __future__ import annotations

from kelpie.errors import ActorError, GuestBrokeContract
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.wasm.faults import failure_of
from kelpie.wasm.kind_configuration import Configuration
from kelpie.wasm.marshalling import read_text
from kelpie.wasm.native_values import decode

__all__ = ["batch_failure_of_guest", "line_count", "read_batch_reply"]

_LF = b"\n"


def line_count(lines: bytes) -> int:
    """How many lines these are; the last one need not be ended."""
    return lines.count(_LF) + (not lines.endswith(_LF) and bool(lines))


def read_batch_reply(address: int, operations: bytes, limits: Limits) -> Payload:
    """The replies to a batch, at `address`.

    Raises:
        GuestLimitExceeded: they are larger than `payload_bytes_max`.
        GuestBrokeContract: they are not one line for each operation.
    """
    replies = read_text(address, limits.payload_bytes_max, "payload_bytes_max")
    expected = line_count(operations)
    if replies.count(_LF) != expected or not replies.endswith(_LF):
        raise GuestBrokeContract(
            f"a batch of {expected} operations was answered with {line_count(replies)} lines: "
            "each reply must be one line with LF behind it"
        )
    return Payload(True, replies)


def batch_failure_of_guest(
    address: int, operations: bytes, limits: Limits, configuration: Configuration
) -> ActorError:
    """The error for a `batch-failure` that the guest returned, at `address`. It
    has the `index` of the operation."""
    decoded = decode(address)
    assert isinstance(decoded, dict)
    index, count = decoded["index"], line_count(operations)
    if index >= count:
        return GuestBrokeContract(
            f"a batch of {count} operations is said to have failed at index {index}"
        )
    error = failure_of(decoded["failure"], limits, configuration)
    error.details["index"] = index
    return error
