"""A request inside the host, from admission to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from hashlib import blake2b

from kelpie.errors import KelpieError, Overloaded, RequestMismatch
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.runtime.envelope import Envelope

__all__ = ["Message", "Stage", "check_same_request"]


class Stage(Enum):
    """How far a message has come; it says what an expired deadline means."""

    QUEUED = "queued"
    RUNNING = "running"
    CHECKING = "checking"
    """Has run and commits nothing: waits until it may answer."""
    COMMITTING = "committing"
    SETTLED = "settled"


def request_digest(operation: str, argument: Payload) -> bytes:
    """What two requests under one id must have in common: 16 bytes."""
    digest = blake2b(digest_size=16)
    digest.update(b"t" if argument.is_text else b"b")
    digest.update(len(operation).to_bytes(4, "big"))
    digest.update(operation.encode())
    digest.update(argument.data)
    return digest.digest()


class Message:
    """An envelope, those who wait for its answer, and its stage.

    Waiters may be answered before the message is settled (a deadline that
    passes during the commit); whoever joins later then waits for the truth.
    """

    __slots__ = ("_digest", "_on_settled", "envelope", "stage", "waiters")

    def __init__(self, envelope: Envelope, on_settled: Callable[[Message], None]) -> None:
        self.envelope = envelope
        self.stage = Stage.QUEUED
        self.waiters: list[asyncio.Future[Payload]] = []
        self._digest: bytes | None = None
        self._on_settled = on_settled

    @property
    def digest(self) -> bytes:
        if self._digest is None:
            self._digest = request_digest(self.envelope.operation, self.envelope.argument)
        return self._digest

    def join(self, envelope: Envelope, waiter: asyncio.Future[Payload], limits: Limits) -> None:
        """Lets a duplicate wait for this message's answer.

        Raises:
            RequestMismatch: it asks for something else under the same id.
            Overloaded: too many wait for it already.
        """
        assert self.stage is not Stage.SETTLED
        check_same_request(self.digest, envelope)
        if len(self.waiters) >= limits.request_waiters_max:
            raise Overloaded(
                f"{len(self.waiters)} others wait for the answer to {envelope.request_id!r}"
            )
        self.waiters.append(waiter)

    def reply(self, payload: Payload) -> None:
        """Settles the message with its reply."""
        self._settle()
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            # A client that went away has cancelled its future.
            if not waiter.done():
                waiter.set_result(payload)

    def fail(self, error: KelpieError) -> None:
        """Settles the message with an error."""
        self._settle()
        self.answer_early(error)

    def answer_early(self, error: KelpieError) -> None:
        """Answers those who wait now, while the message itself goes on."""
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(error)

    def _settle(self) -> None:
        assert self.stage is not Stage.SETTLED, "a message is settled once"
        self.stage = Stage.SETTLED
        self._on_settled(self)


def check_same_request(digest: bytes, envelope: Envelope) -> None:
    """Raises:
    RequestMismatch: the envelope asks for something else than `digest` says.
    """
    if digest != request_digest(envelope.operation, envelope.argument):
        raise RequestMismatch(
            f"the id {envelope.request_id!r} was used before with another operation or "
            "argument: use a new id for a new request"
        )
