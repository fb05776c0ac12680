"""The actor is at fault."""

from __future__ import annotations

from kelpie.errors.base import KelpieError

__all__ = [
    "ActorError",
    "ActorRejected",
    "ActorFailed",
    "ActorUnavailable",
    "ActorOutcomeUnknown",
    "GuestTrapped",
    "GuestOutOfFuel",
    "GuestOutOfMemory",
    "GuestStackExhausted",
    "GuestTimedOut",
    "GuestLimitExceeded",
    "GuestBrokeContract",
    "ReadOnlyViolation",
    "CallDiverged",
]


class ActorError(KelpieError):
    source = "actor"


class ActorRejected(ActorError):
    """The actor refused. Recorded: the same request gets the same refusal. Of a
    batch it was the operation `index`, counted from 0."""

    code, status, title = "rejected", 422, "The actor refused the request"

    def __init__(self, rejection_code: str, message: str, index: int | None = None) -> None:
        super().__init__(message, rejection=rejection_code)
        self.rejection_code = rejection_code
        if index is not None:
            self.details["index"] = index


class ActorFailed(ActorError):
    code, status, title = "actor-failed", 500, "The actor reported a failure"


class ActorUnavailable(ActorError):
    """The actor says: surely not done."""

    code, status, title = "actor-unavailable", 503, "The actor could not do it now"
    retryable = True


class ActorOutcomeUnknown(ActorError):
    """The actor says: it may have been done elsewhere."""

    code, status, title = "actor-outcome-unknown", 502, "The actor cannot tell whether it was done"
    retryable = True


class GuestTrapped(ActorError):
    code, status, title = "guest-trapped", 500, "The actor crashed"


class GuestOutOfFuel(ActorError):
    code, status, title = "guest-out-of-fuel", 500, "The turn used up its fuel"


class GuestOutOfMemory(ActorError):
    code, status, title = "guest-out-of-memory", 500, "The actor used up its memory"


class GuestStackExhausted(ActorError):
    code, status, title = "guest-stack-exhausted", 500, "The actor used up its stack"


class GuestTimedOut(ActorError):
    code, status, title = "guest-timed-out", 500, "The turn took too long"


class GuestLimitExceeded(ActorError):
    """A host call went over a limit: `details["limit"]` names it."""

    code, status, title = "guest-limit-exceeded", 500, "The actor went over a limit"


class GuestBrokeContract(ActorError):
    code, status, title = "guest-broke-contract", 500, "The actor broke the contract"


class ReadOnlyViolation(ActorError):
    code, status, title = "read-only-violation", 500, "A read-only operation tried to change things"


class CallDiverged(ActorError):
    """The turn was run before, and called something else there. Surely not done."""

    code, status, title = "call-diverged", 500, "The turn does not call what it called before"
