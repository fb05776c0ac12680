"""What the turns of late were, and what caused each: for whoever asks what became of a request.

In memory only, and bounded. A turn pays what it takes to put it in line; which
trace it belongs to is found out when somebody looks for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from hashlib import blake2b
from typing import NamedTuple, Protocol

from kelpie.env import Env
from kelpie.ids import Address
from kelpie.limits import Limits
from kelpie.runtime.requests.cause import Cause
from kelpie.runtime.requests.envelope import Envelope, trace_id_of
from kelpie.runtime.requests.message import Message

__all__ = ["REPEATED", "REPLY", "Exporter", "Span", "Traces"]

REPLY = "reply"
REPEATED = "repeated"
"""Answered from the record of the same request, without a turn."""

_SPAN_ID_BYTES = 8
_SPAN_IDS = 1 << 8 * _SPAN_ID_BYTES
# Of a span besides the actor's key, the request's id and the tracestate, about.
_SPAN_BYTES = 800
# How many are looked at before others get the loop.
_LOOKED_AT_AT_ONCE = 200


class Span(NamedTuple):
    """One request to one actor, with its turn if it had one. Times are those of the
    node's monotonic clock; 0 where it did not come so far."""

    cause: Cause
    number: int
    address: Address
    operation: str
    """Empty: a batch."""
    principal: str
    request_id: str
    asked_ns: int
    begun_ns: int
    """When its turn came."""
    ended_ns: int
    """When its guest had ended."""
    settled_ns: int
    """When it was answered: what it had changed was durable."""
    turn: int
    """The number that the actor was told; 0 if there was no turn."""
    version: int
    """The number of the deploy that ran it; 0 if none did."""
    outcome: str
    """REPLY, REPEATED, the code of the error, or where it is if it goes on still."""

    @property
    def trace_id(self) -> str:
        return self.cause.trace_id or trace_id_of(self.address, self.principal, self.request_id)

    @property
    def span_id(self) -> str:
        return f"{self.number:016x}"


_Raw = tuple[Cause, int, Address, str, str, str, int, int, int, int, int, int, str]
"""A span without the names."""
_Kept = tuple[int, _Raw]
"""Its bytes, about, and the span."""


class Exporter(Protocol):
    """Who is told of every request, for tools beyond this host."""

    def begin(self, envelope: Envelope) -> object:
        """It was taken on. What it is called elsewhere goes into the envelope."""
        ...

    def end(self, begun: object, span: Span) -> None:
        """It is answered. `begun` is what `begin` has returned."""
        ...


class Traces:
    """The spans of one node. Belongs to the Env's loop."""

    def __init__(self, env: Env, limits: Limits) -> None:
        self._bytes_max = limits.recent_turns_bytes_max
        self._env = env
        self._now_ns = env.monotonic_ns
        self._number = 0
        self._kept: deque[_Kept] = deque()
        self._bytes = 0
        self.exporter: Exporter | None = None
        self.outstanding: Callable[[], Iterable[Message]] = tuple
        """Gives what was taken on and is not yet answered."""

    def begin_at(self, node_name: str, incarnation: int, secret: bytes) -> None:
        """From now on spans have numbers that no other incarnation of a node gives, and
        for which nothing need be drawn."""
        name = f"{node_name}/{incarnation}".encode()
        digest = blake2b(name, key=secret, digest_size=_SPAN_ID_BYTES)
        self._number = int.from_bytes(digest.digest())

    def begin(self, message: Message) -> None:
        """A request was taken on."""
        # 0 is none.
        self._number = (self._number + 1) % _SPAN_IDS or 1
        message.envelope.span = self._number
        message.asked_ns = self._now_ns()
        if self.exporter is not None:
            message.exported = self.exporter.begin(message.envelope)

    def end(self, message: Message) -> None:
        """It was answered."""
        envelope = message.envelope
        # Never too low: a letter takes four bytes at most.
        size = (
            _SPAN_BYTES
            + 4 * len(envelope.target.key)
            + len(envelope.request_id)
            + len(envelope.cause.state)
        )
        # A plain tuple: one with names takes longer to make than all else here.
        raw = _raw(message, self._now_ns())
        self._kept.append((size, raw))
        self._bytes += size
        while self._bytes > self._bytes_max:
            self._bytes -= self._kept.popleft()[0]
        if self.exporter is not None:
            self.exporter.end(message.exported, Span(*raw))

    async def find(self, name: str, namespace: str) -> list[Span]:
        """The spans of a namespace in a trace, in the order in which they were asked
        for, those that go on still as well. `name` is the trace's id, or that of a
        request in it: then it is the latest trace with such a request. It looks at
        all that there are, and lets others go on meanwhile.
        """
        spans = [span async for span in self._within(namespace)]
        trace_id = next((span.trace_id for span in spans if span.request_id == name), name)
        found = []
        for at, span in enumerate(spans):
            if span.trace_id == trace_id:
                found.append(span)
            if at % _LOOKED_AT_AT_ONCE == 0:
                await self._env.sleep(0)
        return sorted(found, key=lambda span: span.asked_ns)

    async def _within(self, namespace: str) -> AsyncIterator[Span]:
        """The newest first, about: what there was at this moment."""
        outstanding, kept = list(self.outstanding()), list(self._kept)
        for at, message in enumerate(outstanding):
            if message.envelope.target.namespace == namespace:
                yield Span(*_raw(message, 0))._replace(outcome=message.stage.name.lower())
            if at % _LOOKED_AT_AT_ONCE == 0:
                await self._env.sleep(0)
        for at, (_, raw) in enumerate(reversed(kept)):
            if raw[2].namespace == namespace:
                yield Span(*raw)
            if at % _LOOKED_AT_AT_ONCE == 0:
                await self._env.sleep(0)


def _raw(message: Message, settled_ns: int) -> _Raw:
    envelope = message.envelope
    return (
        envelope.cause,
        envelope.span,
        envelope.target,
        envelope.operation,
        envelope.principal,
        envelope.request_id,
        message.asked_ns,
        message.begun_ns,
        message.ended_ns,
        settled_ns,
        message.turn,
        message.version,
        message.failure or (REPLY if message.ended_ns else REPEATED),
    )
