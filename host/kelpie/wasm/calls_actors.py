"""Host calls that ask another actor and wait for it: `messaging.call`."""

from __future__ import annotations

import struct
from typing import cast

from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.wasm.collector import Collector, Suspension
from kelpie.wasm.library import RECORD_FIELD_BYTES, VALUE_BYTES, memory
from kelpie.wasm.marshalling import Marshalling, over_limit, read_payload, read_text
from kelpie.wasm.native_values import Composer, decode
from kelpie.wasm.turn import Failure

__all__ = ["ActorCalls", "read_address", "write_failure"]

# Of a record: where its fields are. Of a field: its name comes first, which we know.
_fields = struct.Struct("<16xQ")
_NAME_BYTES = 16


class ActorCalls:
    """Answers `messaging.call`."""

    def __init__(self, marshalling: Marshalling) -> None:
        self._write_reply = marshalling.write_reply

    def call(self, collector: Collector, arguments: int, results: int) -> Suspension | None:
        collector.check_may_change("messaging.call")
        limits = collector.limits
        target = read_address(arguments, limits)
        operation = read_text(
            arguments + VALUE_BYTES, limits.operation_name_bytes_max, "operation_name_bytes_max"
        ).decode()
        argument = read_payload(
            arguments + 2 * VALUE_BYTES,
            limits.payload_bytes_max,
            "payload_bytes_max",
            limits.binary_bytes_max,
        )
        key = _read_key(arguments + 3 * VALUE_BYTES, limits)

        def finish(given: object) -> None:
            answer = cast("Payload | Failure", given)
            content = answer.data if isinstance(answer, Payload) else answer.message
            size = len(operation) + len(argument.data) + len(content)
            collector.record("messaging.call", (target, operation, argument, key), answer, size)
            if isinstance(answer, Payload):
                self._write_reply(results, answer)
            else:
                write_failure(answer, results)

        answer = collector.turn.answers.call(target, operation, argument, key)
        if isinstance(answer, Payload | Failure):
            finish(answer)
            return None
        return Suspension(answer, finish, timed=False)


def read_address(at: int, limits: Limits) -> Address:
    """The address there, as the guest gave it: whether it can be one is not looked at.

    Raises:
        GuestLimitExceeded: a part is too long for any.
    """
    (fields,) = _fields.unpack_from(memory, at)
    namespace, kind, key = range(
        fields + _NAME_BYTES, fields + 3 * RECORD_FIELD_BYTES, RECORD_FIELD_BYTES
    )
    name_bytes_max = limits.name_bytes_max
    return Address(
        read_text(namespace, name_bytes_max, "name_bytes_max").decode(),
        read_text(kind, name_bytes_max, "name_bytes_max").decode(),
        read_text(key, limits.actor_key_bytes_max, "actor_key_bytes_max").decode(),
    )


def write_failure(failure: Failure, results: int) -> None:
    """Puts a `result` there that is this failure."""
    composer = Composer()
    content = composer.text(failure.message.encode())
    if failure.case == "rejected":
        code = composer.text(failure.code.encode())
        content = composer.record(((b"code", code), (b"message", content)))
    value = composer.variant(failure.case.encode(), content)
    composer.write(composer.result(ok=False, value=value), results)


def _read_key(at: int, limits: Limits) -> str | None:
    key = decode(at)
    assert key is None or isinstance(key, str)
    if key is not None and (size := len(key.encode())) > limits.call_key_bytes_max:
        raise over_limit("call_key_bytes_max", size, limits.call_key_bytes_max)
    return key
