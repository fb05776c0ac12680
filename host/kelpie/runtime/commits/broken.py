"""What befalls the turns of a pipeline that is broken, and those that go on."""

from __future__ import annotations

from kelpie.errors import (
    CommitFailed,
    KelpieError,
    OutcomeUnknown,
    StoreError,
    StoreStopped,
    StoreWriteFailed,
)
from kelpie.runtime.commits.batch import Batch
from kelpie.runtime.requests.message import Stage

__all__ = ["commit_error", "error_of_void_turns", "fail_all", "let_go", "unknown"]


def commit_error(error: StoreError) -> KelpieError:
    """What a store's error in a commit means to those who asked for the turn."""
    if isinstance(error, StoreStopped):
        return unknown("the store stopped while the turn was committed")
    if isinstance(error, StoreWriteFailed) or not error.retryable:
        return error
    return CommitFailed(f"the turn could not be committed: {error.message}")


def unknown(why: str) -> OutcomeUnknown:
    return OutcomeUnknown(f"{why}: ask again under the same id to learn what became of it")


def error_of_void_turns(error: KelpieError) -> KelpieError:
    """What befalls the turns behind a commit that ended with `error`. They were
    never sent to the store: surely not done."""
    if isinstance(error, OutcomeUnknown):
        return CommitFailed(
            "an earlier turn may not have been committed, so this one was discarded: ask again"
        )
    return error


def fail_all(batch: Batch, error: KelpieError, void: KelpieError) -> None:
    """Answers with `error` those who wanted something committed, others with `void`."""
    for finished in batch.turns:
        message = finished.message
        if message.stage is not Stage.SETTLED:
            message.fail(error if message.stage is Stage.COMMITTING else void)
    let_go(batch, void)


def let_go(batch: Batch, error: KelpieError | None) -> None:
    """Lets turns go on that are in the middle of it, if there is no error."""
    for departure in batch.departures:
        # Its turn may have been given up.
        if not departure.done():
            departure.set_result(error)
