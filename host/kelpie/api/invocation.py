"""One request to an actor, from what HTTP says to what HTTP answers."""

from __future__ import annotations

import asyncio
import re

from multidict import MultiMapping

from kelpie.access.caller import Caller
from kelpie.api.asked import Asked
from kelpie.api.bodies import body_refused
from kelpie.api.headers import DEADLINE_HEADER, ID_HEADER
from kelpie.api.paths import decode_segment
from kelpie.api.payloads import payload_of, reply_type, value_type
from kelpie.api.problem import as_kelpie_error
from kelpie.api.trace_context import cause_of_headers
from kelpie.api.turn_lines import TurnLine
from kelpie.api.unknown_operation import operation_of_line, taught
from kelpie.env import Env
from kelpie.errors import (
    ActorRejected,
    InvalidRequest,
    KelpieError,
    KindNotFound,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from kelpie.ids import Address, Payload, text
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime
from kelpie.runtime.requests.cause import Cause
from kelpie.runtime.requests.envelope import DELETION, Envelope, batch_unsupported, deletion
from kelpie.store.witness import Witness

__all__ = ["Invocations"]

_VISIBLE_ASCII = re.compile(r"[!-~]+")
_NANOSECONDS_PER_MS = 1_000_000


class Invocations:
    """Turns requests into envelopes, and replies into their types."""

    def __init__(self, env: Env, runtime: Runtime, limits: Limits) -> None:
        self._env = env
        self._runtime = runtime
        self._limits = limits
        self._default_ns = limits.request_deadline_ms_default * _NANOSECONDS_PER_MS

    def ask(
        self, caller: Caller, namespace: str, segments: list[str], headers: MultiMapping[str]
    ) -> Asked:
        """Checks the head of a request; `segments` are kind, key and operation.

        Raises:
            InvalidAddress, InvalidRequest, UnsupportedMediaType
        """
        kind, key, operation = segments
        address = Address.checked(
            namespace, decode_segment(kind), decode_segment(key), self._limits
        )
        if "Content-Encoding" in headers:
            raise UnsupportedMediaType("send the body without Content-Encoding")
        return Asked(
            caller,
            address,
            decode_segment(operation),
            *self._request_id(_only(headers, ID_HEADER), ID_HEADER),
            self._env.monotonic_ns() + self.patience_ns(headers),
            cause_of_headers(headers),
        )

    def ask_batch(
        self, caller: Caller, namespace: str, segments: list[str], headers: MultiMapping[str]
    ) -> Asked:
        """The same of a batch; `segments` are kind and key.

        Raises:
            BatchUnsupported, KindNotFound, and as `ask` does.
        """
        asked = self.ask(caller, namespace, [*segments, ""], headers)
        if not self._runtime.kind(namespace, asked.address.kind).batches:
            raise batch_unsupported(asked.address)
        return asked

    def ask_line(
        self, caller: Caller, namespace: str, line: TurnLine, patience_ns: int, cause: Cause
    ) -> Asked:
        """The same of one line of many, which all have one cause.

        Raises:
            InvalidAddress, InvalidRequest
        """
        address = Address.checked(namespace, line.kind, line.key, self._limits)
        return Asked(
            caller,
            address,
            line.operation,
            *self._request_id(line.id, "id"),
            self._env.monotonic_ns() + patience_ns,
            cause,
        )

    def submit(
        self, asked: Asked, content_type: str | None, body: bytes
    ) -> asyncio.Future[Payload]:
        """Asks for the turn. The reply, or a KelpieError, is the future's result.

        Raises:
            KelpieError: it was refused at once.
        """
        # Before the body is looked at: whoever reads it in parts has asked this first.
        self._runtime.kind(asked.address.namespace, asked.address.kind)
        bytes_max = asked.caller.body_bytes_max
        if bytes_max is not None and len(body) > bytes_max:
            raise body_refused(PayloadTooLarge, bytes_max, len(body))
        asked.envelope = Envelope(
            asked.address,
            asked.operation,
            payload_of(content_type, body),
            asked.request_id,
            asked.caller.principal,
            asked.recorded,
            asked.deadline_ns,
            cause=asked.cause,
        )
        return self._runtime.submit(asked.envelope)

    def ask_deletion(
        self, caller: Caller, namespace: str, segments: list[str], headers: MultiMapping[str]
    ) -> Asked:
        """As `ask`; `segments` are kind and key."""
        return self.ask(caller, namespace, [*segments, DELETION], headers)

    async def mend(self, asked: Asked, witness: Witness) -> bool:
        """Readies a damaged actor for its deletion by force; whether it was damaged."""
        return await self._runtime.mend_by_force(asked.address, witness)

    def submit_deletion(self, asked: Asked, witness: Witness) -> asyncio.Future[Payload]:
        """As `submit`, for the deletion of an actor. `witness` is told in the
        transaction of its turn, if that commits anything."""
        asked.envelope = deletion(
            asked.address,
            asked.request_id,
            asked.caller.principal,
            recorded=asked.recorded,
            deadline_ns=asked.deadline_ns,
            witness=witness,
            cause=asked.cause,
        )
        return self._runtime.submit(asked.envelope)

    def submit_batch(self, asked: Asked, body: bytes) -> asyncio.Future[Payload]:
        """`submit` for a batch, whose operations are the lines of the body."""
        asked.envelope = Envelope(
            asked.address,
            "",
            text(body),
            asked.request_id,
            asked.caller.principal,
            asked.recorded,
            asked.deadline_ns,
            is_batch=True,
            cause=asked.cause,
        )
        return self._runtime.submit(asked.envelope)

    def reply_type(self, asked: Asked, reply: Payload) -> str:
        """The Content-Type of the reply."""
        address = asked.address
        try:
            manifest = self._runtime.kind(address.namespace, address.kind).manifest
        except KindNotFound:
            # It was deleted since, and nobody can say any more what it declared.
            return value_type(reply)
        return reply_type(reply, manifest, asked.operation)

    def error(self, asked: Asked | None, error: Exception) -> KelpieError:
        """What a request is answered with in place of a reply."""
        found = as_kelpie_error(error)
        if not isinstance(found, ActorRejected) or asked is None or asked.envelope is None:
            return found
        operation: str | None = asked.operation
        if asked.envelope.is_batch:
            lines = asked.envelope.argument.data
            operation = operation_of_line(lines, found.details.get("index"))
        if operation is None:
            return found
        address = asked.address
        try:
            manifest = self._runtime.kind(address.namespace, address.kind).manifest
        except KindNotFound:
            return found
        return taught(found, operation, manifest.operations)

    def _request_id(self, given: str | None, name: str) -> tuple[str, bool]:
        """The request's id, and whether it is recorded: if it was given, as `name`."""
        if given is None:
            return self._env.new_id(), False
        bytes_max = self._limits.request_id_bytes_max
        if len(given) > bytes_max or not _VISIBLE_ASCII.fullmatch(given):
            raise InvalidRequest(f"the {name} must have 1 to {bytes_max} visible ASCII characters")
        return given, True

    def patience_ns(self, headers: MultiMapping[str]) -> int:
        """How long a request may take.

        Raises:
            InvalidRequest: the header that says it means nothing.
        """
        given = _only(headers, DEADLINE_HEADER)
        if given is None:
            return self._default_ns
        most = self._limits.request_deadline_ms_max
        if not (given.isascii() and given.isdigit() and len(given) <= len(str(most))):
            milliseconds = 0
        else:
            milliseconds = int(given)
        if not 0 < milliseconds <= most:
            raise InvalidRequest(
                f"{DEADLINE_HEADER} must be a number of milliseconds from 1 to {most}"
            )
        return milliseconds * _NANOSECONDS_PER_MS


def _only(headers: MultiMapping[str], name: str) -> str | None:
    """A header's value; None if it is not there. Of two nobody could say which counts."""
    values = headers.getall(name, None)
    if values is None:
        return None
    if len(values) > 1:
        raise InvalidRequest(f"{name} is there {len(values)} times: send it once")
    return values[0]
