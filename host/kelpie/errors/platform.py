"""The host is at fault, or too busy."""

from __future__ import annotations

from kelpie.errors.base import KelpieError

__all__ = [
    "PlatformError",
    "Overloaded",
    "MailboxFull",
    "RequestRecordsFull",
    "OutboxFull",
    "DeadLettersFull",
    "DeadlineExceeded",
    "Draining",
    "Moved",
    "CommitFailed",
    "OutcomeUnknown",
    "LoadFailed",
    "HostFault",
    "DurableTurnStuck",
    "DurableTurnDiverged",
    "DurableTurnVersionGone",
]


class PlatformError(KelpieError):
    source = "platform"
    retryable = True


class Overloaded(PlatformError):
    """Surely not done. `retry_after_ms` is in `details`."""

    code, status, title = "overloaded", 429, "The host has too much to do"

    def __init__(self, message: str, retry_after_ms: int = 1000, **details: object) -> None:
        super().__init__(message, retry_after_ms=retry_after_ms, **details)


class MailboxFull(Overloaded):
    code, title = "mailbox-full", "Too many requests wait for this actor"


class RequestRecordsFull(Overloaded):
    code, title = "request-records-full", "The actor keeps as many request records as it may"


class OutboxFull(Overloaded):
    code, title = "outbox-full", "Too many messages of this actor are not yet delivered"


class DeadLettersFull(Overloaded):
    code, title = "dead-letters-full", "The actor keeps as many dead letters as it may"


class DeadlineExceeded(PlatformError):
    """The deadline passed before the turn began, or ended it: surely not done."""

    code, status, title = "deadline-exceeded", 504, "The deadline passed"


class Draining(PlatformError):
    code, status, title = "draining", 503, "The host is stopping"


class Moved(PlatformError):
    """This node no longer owns the actor. Surely not done here."""

    code, status, title = "moved", 503, "The actor has moved to another node"


class CommitFailed(PlatformError):
    """Surely not done."""

    code, status, title = "commit-failed", 503, "The turn could not be committed"


class OutcomeUnknown(PlatformError):
    """Perhaps done: ask again under the same id to learn which."""

    code, status, title = "outcome-unknown", 503, "Whether the turn was committed is not known"


class LoadFailed(PlatformError):
    """The actor's state could not be read; it is never taken for empty."""

    code, status, title = "load-failed", 503, "The actor could not be loaded"


class HostFault(PlatformError):
    """A bug of the host. Nothing of the turn is kept."""

    code, status, title = "host-fault", 500, "The host made a mistake"
    retryable = False


class DurableTurnStuck(PlatformError):
    """The durable turn in flight of the actor cannot be gone on with, and nothing
    else of the actor is run until it is cancelled. Surely not done."""

    retryable = False


class DurableTurnDiverged(DurableTurnStuck):
    """Run again, it does something else than is in its journal: `details` have the
    number of the host call, what was expected and what came."""

    code, status, title = "durable-turn-diverged", 409, "A durable turn does not run as it did"


class DurableTurnVersionGone(DurableTurnStuck):
    code, status = "durable-turn-version-gone", 409
    title = "The version that a durable turn began with is gone"
