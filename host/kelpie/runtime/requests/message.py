"""A request inside the host, from admission to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from hashlib import blake2b

from kelpie.errors import (
    DurableTurnStuck,
    KelpieError,
    OutcomeUnknown,
    Overloaded,
    PlatformError,
    RequestMismatch,
)
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.runtime.requests.envelope import Envelope

__all__ = ["Message", "Stage", "check_same_request"]


class Stage(Enum):
    """How far a message has come; it says what giving it up means."""

    QUEUED = "before its turn came"
    RUNNING = "in the middle of its turn, which was rolled back"
    CHECKING = "while the host checked that it may answer"
    """Has run and commits nothing: waits until it may answer."""
    COMMITTING = "while the turn was committed"
    SETTLED = "after it was answered"


_Waiter = tuple[asyncio.Future[Payload], int]
"""Who waits for the answer, and the deadline until which."""

# No clock gets there.
_NEVER_NS = 1 << 63


def request_digest(envelope: Envelope) -> bytes:
    """What two requests under one id must have in common: 16 bytes."""
    # A batch has no name of an operation, and nothing else has none.
    name, argument = envelope.operation.encode(), envelope.argument
    digest = blake2b(digest_size=16)
    # An operation may be called as a deletion is.
    digest.update(b"d" if envelope.deletes else b"t" if argument.is_text else b"b")
    digest.update(len(name).to_bytes(4, "big"))
    digest.update(name)
    digest.update(argument.data)
    return digest.digest()


class Message:
    """An envelope, those who wait for its answer, and its stage.

    Waiters may be answered before the message is settled (when a deadline
    passes during the commit); whoever joins later then waits for the truth.
    """

    __slots__ = (
        "_digest",
        "_on_settled",
        "_waiters",
        "asked_ns",
        "begun_ns",
        "deadline_ns",
        "due_ns",
        "ended_ns",
        "envelope",
        "exported",
        "failure",
        "goes_on",
        "stage",
        "turn",
        "version",
    )

    def __init__(self, envelope: Envelope, on_settled: Callable[[Message], None]) -> None:
        self.envelope = envelope
        self.stage = Stage.QUEUED
        self.deadline_ns = envelope.deadline_ns
        """When the last of all who asked no longer waits."""
        self.due_ns = _NEVER_NS
        """When the next of those who still wait must be answered."""
        self._waiters: list[_Waiter] = []
        self._digest: bytes | None = None
        self.goes_on = False
        """Whether it is the durable turn in flight: whatever happens to those who
        wait for it, and to this host, it is gone on with."""
        self._on_settled = on_settled
        # For traces; see `Span`.
        self.asked_ns = self.begun_ns = self.ended_ns = self.turn = self.version = 0
        self.failure: str | None = None
        """The code of the error with which it was settled."""
        self.exported: object = None

    @property
    def digest(self) -> bytes:
        if self._digest is None:
            self._digest = request_digest(self.envelope)
        return self._digest

    def wait(self, answer: asyncio.Future[Payload], deadline_ns: int) -> None:
        """Has `answer` get the answer, or an error soon after the deadline."""
        self._waiters.append((answer, deadline_ns))
        if deadline_ns > self.deadline_ns:
            self.deadline_ns = deadline_ns
        if deadline_ns < self.due_ns:
            self.due_ns = deadline_ns

    def join(self, envelope: Envelope, answer: asyncio.Future[Payload], limits: Limits) -> None:
        """Lets a duplicate wait for this message's answer.

        Raises:
            RequestMismatch: it asks for something else under the same id.
            Overloaded: too many wait for it already.
        """
        assert self.stage is not Stage.SETTLED
        check_same_request(self.digest, envelope)
        # A client that went away has cancelled its future.
        self._waiters = [each for each in self._waiters if not each[0].done()]
        if len(self._waiters) >= limits.request_waiters_max:
            raise Overloaded(
                f"{len(self._waiters)} others wait for the answer to {envelope.request_id!r}"
            )
        self.wait(answer, envelope.deadline_ns)

    def reply(self, payload: Payload) -> None:
        """Settles the message with its reply."""
        self._settle()
        # Nobody joins it any more.
        for answer, _ in self._waiters:
            if not answer.done():
                answer.set_result(payload)
        self._waiters = []

    def fail(self, error: KelpieError) -> None:
        """Settles the message with an error."""
        if self.goes_on and isinstance(error, PlatformError):
            error = _still_unknown(error)
        self.failure = error.code
        self._settle()
        self.answer_early(error)

    def answer_early(self, error: KelpieError, up_to_ns: int = _NEVER_NS) -> None:
        """Answers those who wait now, or those of them whose deadline is not
        later than `up_to_ns`, while the message itself goes on."""
        for answer, deadline_ns in self._take_waiters():
            if deadline_ns > up_to_ns:
                self.wait(answer, deadline_ns)
            elif not answer.done():
                answer.set_exception(error)

    def _take_waiters(self) -> list[_Waiter]:
        taken, self._waiters = self._waiters, []
        self.due_ns = _NEVER_NS
        return taken

    def _settle(self) -> None:
        assert self.stage is not Stage.SETTLED, "a message is settled once"
        self.stage = Stage.SETTLED
        self._on_settled(self)


def _still_unknown(error: PlatformError) -> KelpieError:
    """What those who wait are told of a durable turn that this host cannot go on with now."""
    if isinstance(error, OutcomeUnknown | DurableTurnStuck):
        return error
    return OutcomeUnknown(
        f"the turn is durable, and goes on later ({error.code}: {error.message}): ask again under "
        "the same id to learn what becomes of it"
    )


def check_same_request(digest: bytes, envelope: Envelope) -> None:
    """Raises:
    RequestMismatch: the envelope asks for something else than `digest` says.
    """
    if digest != request_digest(envelope):
        raise RequestMismatch(
            f"the id {envelope.request_id!r} was used before with another operation or "
            "argument: use a new id for a new request"
        )
