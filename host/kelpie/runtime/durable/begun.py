"""What a durable turn began with: all that decides it, but for what it asks."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.ids import Address, Payload
from kelpie.runtime.durable.errands import packed_errand, read_errand
from kelpie.runtime.requests.cause import Cause
from kelpie.runtime.requests.envelope import Envelope
from kelpie.store.packing import pack_value
from kelpie.store.rows import unpack_members
from kelpie.wasm.turn import Caller

__all__ = ["Begun"]

_VERSION = 1
_MEMBERS = 12


class Begun(NamedTuple):
    envelope: Envelope
    number: int
    """That its guest was told, and that its commit will have."""
    time_ns: int
    """What its guest is told of the time."""
    deploy_number: int
    """Of the version that runs it, to its end."""
    begun_ns: int
    """When that was, by the wall clock."""

    def stored(self) -> bytes:
        envelope = self.envelope
        value: bytes = pack_value(
            (
                _VERSION,
                envelope.operation,
                envelope.argument,
                envelope.request_id,
                envelope.principal,
                envelope.recorded,
                envelope.caller,
                envelope.cause,
                packed_errand(envelope.errand),
                self.number,
                self.time_ns,
                self.deploy_number,
                self.begun_ns,
            )
        )
        return value

    @classmethod
    def read(cls, key: bytes, value: bytes, target: Address) -> Begun:
        """Raises:
        StoredValueCorrupt, StoreFormatUnsupported
        """
        members = unpack_members(key, value, _VERSION, _MEMBERS)
        operation, argument, request_id, principal, recorded, caller, cause, errand = members[:8]
        payload = Payload(*argument)
        envelope = Envelope(
            target,
            operation,
            payload,
            request_id,
            principal,
            recorded,
            # Nobody waits for it yet.
            deadline_ns=0,
            caller=None if caller is None else _caller(*caller),
            errand=read_errand(key, errand, payload),
            cause=Cause(*cause),
        )
        return cls(envelope, *members[8:])


def _caller(sort: str, name: str, address: list[str] | None) -> Caller:
    return Caller(sort, name, None if address is None else Address(*address))  # type: ignore[arg-type]
