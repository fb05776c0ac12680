"""The error tree. Each leaf is one thing that can go wrong, and says what to do.

    KelpieError
      CallerError               the request is at fault
        InvalidAddress, InvalidRequest, InvalidText, InvalidArgument
        RouteNotFound, MethodNotAllowed, UnsupportedMediaType, PayloadTooLarge, RequestTimeout
        ExpectationFailed
        HostNotAllowed, OriginNotAllowed
        KindNotFound, OperationNotFound, VersionNotFound, ValueNotFound
        DeadLetterNotFound, TraceNotFound, TurnNotInFlight, RequestMismatch
        BatchUnsupported
        ComponentError          an upload that cannot become an actor
          ComponentTooLarge, ComponentInvalid, ComponentRefused, ComponentNotDeterministic
          ComponentTooCostly
        KindsFull, DeployBreaking, ImportsNotGranted, KindInUse
        ConfigurationNotFound, ConfigurationFull
        Unauthenticated, Forbidden, RateLimited
        BundleInvalid, TurnsNotFound, ReplayDiverged
        TokenNotFound, TokenExists, TokensFull, LastAdmin
      ActorError                the actor is at fault
        ActorRejected           ... or rather: it refused
        ActorFailed, ActorUnavailable, ActorOutcomeUnknown
        GuestTrapped, GuestOutOfFuel, GuestOutOfMemory, GuestStackExhausted
        GuestTimedOut, GuestLimitExceeded, GuestBrokeContract, ReadOnlyViolation
        CallDiverged
      PlatformError             the host is at fault, or too busy
        Overloaded, MailboxFull, RequestRecordsFull, OutboxFull, DeadLettersFull
        DeadlineExceeded, Draining, Moved, CommitFailed, OutcomeUnknown, LoadFailed, HostFault
        DurableTurnStuck: DurableTurnDiverged, DurableTurnVersionGone
        StoreError
          StoreConflict, StoreTooOld, StoreCommitUnknown
          StoreReadFailed, StoreWriteFailed, StoreFull, StoreStopped
          Unreadable: StoredValueCorrupt, StoreFormatUnsupported
          DataDirectoryLocked

`code` is stable: programs and the pages in `docs/errors/` are keyed by it.
`retryable` says whether the same request, under the same id, can succeed later.
"""

from __future__ import annotations

from kelpie.errors.access import *  # noqa: F403 - this file is the index of the others
from kelpie.errors.actor import *  # noqa: F403
from kelpie.errors.base import KelpieError as KelpieError
from kelpie.errors.caller import *  # noqa: F403
from kelpie.errors.journal import *  # noqa: F403
from kelpie.errors.platform import *  # noqa: F403
from kelpie.errors.store import *  # noqa: F403


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
