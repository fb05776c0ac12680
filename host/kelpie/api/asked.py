"""What the head of a request to an actor asks for."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.access.caller import Caller
from kelpie.api.headers import REQUEST_ID_HEADER, TRACE_PARENT_HEADER
from kelpie.api.trace_context import traceparent
from kelpie.ids import Address
from kelpie.runtime.requests.cause import REQUEST, Cause
from kelpie.runtime.requests.envelope import Envelope, trace_id_of

__all__ = ["Asked"]


@dataclass(slots=True)
class Asked:
    """A request that was checked as far as its head says it."""

    caller: Caller
    address: Address
    operation: str
    request_id: str
    recorded: bool
    deadline_ns: int
    cause: Cause
    envelope: Envelope | None = None
    """What of it the runtime has been given."""

    @property
    def trace_id(self) -> str:
        if self.envelope is not None:
            return self.envelope.trace_id
        return self.cause.trace_id or trace_id_of(
            self.address, self.caller.principal, self.request_id
        )

    def headers(self) -> dict[str, str]:
        """Those of the answer: the request's id and, if the client has said which trace
        it is part of, which span of it the turn is."""
        told = {REQUEST_ID_HEADER: self.request_id}
        envelope = self.envelope
        if self.cause is not REQUEST and envelope is not None:
            told[TRACE_PARENT_HEADER] = traceparent(
                envelope.trace_id, envelope.span_id, envelope.cause.flags
            )
        return told
