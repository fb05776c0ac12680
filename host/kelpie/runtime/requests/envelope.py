"""What arrives at an actor, whoever sent it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from kelpie.errors import BatchUnsupported, InvalidRequest, PayloadTooLarge
from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.runtime.requests.cause import REQUEST, Cause, Sort
from kelpie.runtime.requests.errand import Errand
from kelpie.store.witness import Witness
from kelpie.wasm.batch import line_count
from kelpie.wasm.contract import BATCH
from kelpie.wasm.turn import Caller

__all__ = [
    "DELETION",
    "Envelope",
    "batch_unsupported",
    "check_envelope",
    "deleted_reply",
    "deletion",
    "principal_of",
    "trace_id_of",
]

DELETION = "(delete)"
"""What logs and histories call the deletion of an actor, where others have the
name of an operation."""

_TRACE_ID = re.compile("[0-9a-f]{32}")
_NO_TRACE_ID = "0" * 32
_TRACE_ID_BYTES = 16


@dataclass(slots=True)
class Envelope:
    """One request on its way to an actor: the only thing that the runtime sees.

    A batch is one request as well, with its operations as lines in `argument`
    and no `operation` of its own.

    `recorded` says that somebody can ask again under the same `request_id` (a
    client that gave an Idempotency-Key, or a calling actor): then its outcome
    is kept with the turn. Otherwise the host made the id, and nobody could ever
    look the record up.
    """

    target: Address
    operation: str
    argument: Payload
    request_id: str
    principal: str
    recorded: bool
    deadline_ns: int
    """On the node's monotonic clock."""
    deletes: bool = False
    """Whether it asks for no operation, but for the end of what the actor stores."""
    is_batch: bool = False
    witness: Witness | None = None
    """Told in the transaction that deletes, or that records that there was nothing."""
    caller: Caller | None = None
    """Who caused it, if it is not the client that has the principal's name."""
    waiting_actors: int = 0
    """How many actors wait for what comes of it, each for the next one. Only a
    call has any."""
    errand: Errand | None = None
    """What the host does in its turn."""
    cause: Cause = REQUEST
    """Why it is asked: see `cause_of`, for what an actor asks of others."""
    span: int = 0
    """What its turn is called in traces; the runtime that takes it on says it."""

    @property
    def trace_id(self) -> str:
        """32 hex digits. Where nobody has said which trace it belongs to, the same
        request asked again is in the same one."""
        return self.cause.trace_id or trace_id_of(self.target, self.principal, self.request_id)

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return f"{self.span:016x}"

    def cause_of(self, sort: Sort) -> Cause:
        """The cause of what its turn asks of others: it goes into their envelopes."""
        return Cause(sort, self.trace_id, self.span_id, self.cause.flags, self.cause.state)


def trace_id_of(target: Address, principal: str, request_id: str) -> str:
    """The trace of a request that belongs to no other: its id, if that may be one."""
    if _TRACE_ID.fullmatch(request_id) and request_id != _NO_TRACE_ID:
        return request_id
    asked = repr((*target, principal, request_id)).encode()
    return blake2b(asked, digest_size=_TRACE_ID_BYTES).hexdigest()


def principal_of(address: Address, limits: Limits) -> str:
    """The principal of what an actor asks of others: no client's, and no other actor's.

    At most `principal_bytes_max`: of a longer address it has the digest.
    """
    # No name of a client has a colon in it, and no namespace or kind a slash.
    name = f"actor:{address.namespace}/{address.kind}/{address.key}"
    if len(name.encode()) <= limits.principal_bytes_max:
        return name
    return f"actor-digest:{blake2b(name.encode(), digest_size=32).hexdigest()}"


def deletion(
    target: Address,
    request_id: str,
    principal: str,
    *,
    recorded: bool,
    deadline_ns: int,
    witness: Witness | None = None,
    cause: Cause = REQUEST,
) -> Envelope:
    """Asks for the deletion of an actor: a turn like any other, which no guest runs.

    The reply is `deleted_reply`.
    """
    nothing = Payload(True, b"")
    return Envelope(
        target,
        DELETION,
        nothing,
        request_id,
        principal,
        recorded,
        deadline_ns,
        deletes=True,
        witness=witness,
        cause=cause,
    )


def deleted_reply(held_anything: bool) -> Payload:
    """The reply to a deletion: whether the actor had state or kv."""
    return Payload(True, b'{"deleted":true}' if held_anything else b'{"deleted":false}')


def check_envelope(envelope: Envelope, limits: Limits) -> None:
    """What the runtime asks of every envelope, whoever made it.

    Raises:
        InvalidRequest, PayloadTooLarge: the message names the limit.
    """
    argument = envelope.argument
    bytes_max = limits.payload_bytes_max
    if not argument.is_text:
        bytes_max = min(bytes_max, limits.binary_bytes_max)
    if len(argument.data) > bytes_max:
        name = "payload_bytes_max" if argument.is_text else "binary_bytes_max"
        raise PayloadTooLarge(
            f"the argument has {len(argument.data)} bytes; at most {bytes_max} are allowed "
            f"({name})",
            limit=name,
        )
    operation_bytes_max = limits.operation_name_bytes_max
    if envelope.is_batch:
        _check_batch(envelope, limits)
    elif not (envelope.operation.isascii() and 0 < len(envelope.operation) <= operation_bytes_max):
        _check_size("operation's name", envelope.operation, operation_bytes_max)
    for what, value, bytes_max in (
        ("request's id", envelope.request_id, limits.request_id_bytes_max),
        ("principal's name", envelope.principal, limits.principal_bytes_max),
    ):
        if not (value.isascii() and 0 < len(value) <= bytes_max):
            _check_size(what, value, bytes_max)


def batch_unsupported(target: Address) -> BatchUnsupported:
    """The error of a batch for an actor that takes none."""
    return BatchUnsupported(
        f"the component of {target.kind!r} takes no batches, for it does not export "
        f"{BATCH}: send its operations one by one, or to POST /v1/turns"
    )


def _check_batch(envelope: Envelope, limits: Limits) -> None:
    assert envelope.argument.is_text
    assert not envelope.operation
    count, count_max = line_count(envelope.argument.data), limits.batch_operations_max
    if count > count_max:
        raise PayloadTooLarge(
            f"the batch has {count} operations; at most {count_max} are allowed "
            "(batch_operations_max)",
            limit="batch_operations_max",
        )
    if count == 0:
        raise InvalidRequest("the batch has no operations: send one JSON object on each line")


def _check_size(what: str, value: str, bytes_max: int) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidRequest(f"the {what} is not valid UTF-8") from None
    if not 0 < size <= bytes_max:
        raise InvalidRequest(f"the {what} has {size} bytes; it must have 1 to {bytes_max}")
