"""The error tree. Each leaf is one thing that can go wrong, and says what to do.

    KelpieError
      CallerError               the request is at fault
        InvalidAddress, InvalidRequest, InvalidText
        RouteNotFound, MethodNotAllowed, UnsupportedMediaType, PayloadTooLarge, RequestTimeout
        KindNotFound, VersionNotFound, ValueNotFound, RequestMismatch
        ComponentError          an upload that cannot become an actor
          ComponentTooLarge, ComponentInvalid, ComponentRefused, ComponentTooCostly
        KindsFull, DeployBreaking, KindInUse
      ActorError                the actor is at fault
        ActorRejected           ... or rather: it refused
        ActorFailed, ActorUnavailable, ActorOutcomeUnknown
        GuestTrapped, GuestOutOfFuel, GuestOutOfMemory, GuestStackExhausted
        GuestTimedOut, GuestLimitExceeded, GuestBrokeContract, ReadOnlyViolation
      PlatformError             the host is at fault, or too busy
        Overloaded, MailboxFull, RequestRecordsFull
        DeadlineExceeded, Draining, Moved, CommitFailed, OutcomeUnknown, LoadFailed, HostFault
        StoreError
          StoreConflict, StoreTooOld, StoreCommitUnknown
          StoreReadFailed, StoreWriteFailed, StoreFull, StoreStopped
          StoredValueCorrupt, StoreFormatUnsupported, DataDirectoryLocked

`code` is stable: programs and the pages in `docs/errors/` are keyed by it.
`retryable` says whether the same request, under the same id, can succeed later.
"""

from __future__ import annotations

from typing import ClassVar, Literal

Source = Literal["caller", "actor", "platform"]


class KelpieError(Exception):
    """Anything that Kelpie says went wrong.

    `details` are further members for programs, as RFC 9457 allows.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    source: ClassVar[Source]
    title: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class CallerError(KelpieError):
    source = "caller"


class InvalidAddress(CallerError):
    code, status, title = "invalid-address", 400, "This is no actor's address"


class InvalidRequest(CallerError):
    code, status, title = "invalid-request", 400, "The request is malformed"


class InvalidText(CallerError):
    code, status, title = "invalid-text", 400, "The text is not valid UTF-8"


class RouteNotFound(CallerError):
    code, status, title = "not-found", 404, "There is nothing at this path"


class MethodNotAllowed(CallerError):
    code, status, title = "method-not-allowed", 405, "This path has no such method"


class UnsupportedMediaType(CallerError):
    code, status, title = "unsupported-media-type", 415, "Bodies of this type are not accepted"


class PayloadTooLarge(CallerError):
    code, status, title = "payload-too-large", 413, "The body is too large"


class RequestTimeout(CallerError):
    code, status, title = "request-timeout", 408, "The body took too long to arrive"
    retryable = True


class KindNotFound(CallerError):
    code, status, title = "kind-not-found", 404, "No component of this kind is deployed"


class VersionNotFound(CallerError):
    code, status, title = "version-not-found", 404, "The kind has no such version"


class ValueNotFound(CallerError):
    code, status, title = "value-not-found", 404, "The actor has stored nothing here"


class RequestMismatch(CallerError):
    """The id was used before, for something else: nothing is done."""

    code, status, title = "request-mismatch", 422, "This request id belongs to another request"


class ComponentError(CallerError):
    pass


class ComponentTooLarge(ComponentError):
    code, status, title = "component-too-large", 413, "The component is too large"


class ComponentInvalid(ComponentError):
    code, status, title = "component-invalid", 400, "This is no WebAssembly"


class ComponentRefused(ComponentError):
    """WebAssembly, but no actor: `details["reasons"]` has every reason."""

    code, status, title = "component-refused", 422, "This component is no actor"


class ComponentTooCostly(ComponentError):
    code, status, title = "component-too-costly", 422, "The component takes too much to compile"


class KindsFull(CallerError):
    code, status, title = "kinds-full", 409, "The namespace has as many kinds as it may"


class DeployBreaking(CallerError):
    """Nothing was deployed: `details["reasons"]` has what callers would miss."""

    code, status, title = "deploy-breaking", 409, "The component removes or narrows operations"


class KindInUse(CallerError):
    """Nothing was deleted: `details` counts what its actors hold."""

    code, status, title = "kind-in-use", 409, "Actors of this kind hold data"


class ActorError(KelpieError):
    source = "actor"


class ActorRejected(ActorError):
    """The actor refused. Recorded: the same request gets the same refusal."""

    code, status, title = "rejected", 422, "The actor refused the request"

    def __init__(self, rejection_code: str, message: str) -> None:
        super().__init__(message, rejection=rejection_code)
        self.rejection_code = rejection_code


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


class StoreError(PlatformError):
    status = 503


class StoreConflict(StoreError):
    """Another transaction wrote what this one read: surely not committed."""

    code, title = "store-conflict", "A transaction met another one"


class StoreTooOld(StoreError):
    """The read version is too old: surely not committed."""

    code, title = "store-too-old", "A transaction took too long"


class StoreCommitUnknown(StoreError):
    """The commit may have happened, may yet happen, or not."""

    code, title = "store-commit-unknown", "Whether a transaction was committed is not known"


class StoreReadFailed(StoreError):
    code, title = "store-read-failed", "The store could not be read"


class StoreWriteFailed(StoreError):
    """Surely not committed."""

    code, title = "store-write-failed", "The store could not be written"


class StoreFull(StoreWriteFailed):
    code, status, title = "store-full", 507, "The disk is full"


class StoreStopped(StoreError):
    """The store met an error after which nothing it says can be trusted."""

    code, title = "store-stopped", "The store has stopped"


class StoredValueCorrupt(StoreError):
    """A stored value fails its checksum: it is named, and never decoded."""

    code, status, title = "stored-value-corrupt", 500, "A stored value is damaged"
    retryable = False


class StoreFormatUnsupported(StoreError):
    code, status, title = "store-format-unsupported", 500, "The data is of another format version"
    retryable = False


class DataDirectoryLocked(StoreError):
    code, status, title = "data-directory-locked", 500, "Another host uses this data directory"
    retryable = False


def every_error() -> list[type[KelpieError]]:
    """Every error that has a code, in the order of the tree."""
    found: list[type[KelpieError]] = []

    def visit(error: type[KelpieError]) -> None:
        if "code" in vars(error):
            found.append(error)
        for child in error.__subclasses__():
            visit(child)

    visit(KelpieError)
    return found
