from __future__ import annotations

import pytest

from kelpie.errors import (
    ActorRejected,
    CommitFailed,
    GuestTrapped,
    KelpieError,
    MailboxFull,
    Moved,
    OutcomeUnknown,
    StoredValueCorrupt,
)
from kelpie.ids import Address, text
from kelpie.sim.history import NEVER
from kelpie.sim.requests import Answer, Attempt, Request

DONE = Answer(text("1"), None)
REJECTED = Answer(None, ActorRejected("no", "why"))


def _error(error: KelpieError) -> Answer:
    return Answer(None, error)


def _request(*attempts: Attempt, read_only: bool = False) -> Request:
    address = Address("n", "k", "a")
    return Request("r", address, "op", text(""), read_only, True, list(attempts))


def _attempt(
    delivered: int | None,
    answered: int | None = None,
    answer: Answer | None = None,
    node: str = "n",
) -> Attempt:
    return Attempt(node, delivered, answered, answer)


@pytest.mark.parametrize(
    ("answer", "definite", "final", "unknown"),
    [
        (DONE, True, True, False),
        (REJECTED, True, True, False),
        (_error(GuestTrapped("x")), False, True, False),
        (_error(StoredValueCorrupt("x")), False, True, False),
        (_error(Moved("x")), False, False, False),
        (_error(MailboxFull("x")), False, False, False),
        (_error(OutcomeUnknown("x")), False, False, True),
    ],
)
def test_what_an_answer_means(answer: Answer, definite: bool, final: bool, unknown: bool) -> None:
    assert (answer.definite, answer.final, answer.unknown) == (definite, final, unknown)


def test_a_change_lasts_from_its_first_delivery_to_its_first_answer() -> None:
    request = _request(_attempt(5), _attempt(3, 8, _error(Moved("x"))), _attempt(9, 12, DONE))
    (operation,) = request.operations(())
    assert (operation.invoked, operation.responded) == (3, 12)
    assert operation.reply == text("1")


def test_an_answer_counts_although_nobody_heard_a_later_one() -> None:
    request = _request(_attempt(1, 9, DONE), _attempt(2, 4, DONE))
    (operation,) = request.operations(())
    assert (operation.invoked, operation.responded) == (1, 4)


def test_what_was_surely_not_done_is_no_operation() -> None:
    request = _request(_attempt(1, 2, _error(CommitFailed("x"))), _attempt(None))
    assert request.operations(()) == []


@pytest.mark.parametrize("open_end", [_attempt(1), _attempt(1, 2, _error(OutcomeUnknown("x")))])
def test_what_may_have_been_done_is_unknown(open_end: Attempt) -> None:
    (operation,) = _request(open_end, _attempt(3, 4, _error(Moved("x")))).operations(())
    assert operation.responded == NEVER


def test_each_answered_read_stands_for_itself() -> None:
    request = _request(
        _attempt(1, 2, DONE), _attempt(3), _attempt(4, 6, REJECTED, "m"), read_only=True
    )
    found = [(each.invoked, each.responded) for each in request.operations(())]
    assert found == [(1, 2), (4, 6)]


def test_a_read_may_have_joined_an_earlier_one_at_its_node() -> None:
    request = _request(_attempt(1, 9, _error(Moved("x"))), _attempt(4, 8, DONE), read_only=True)
    (operation,) = request.operations(())
    assert (operation.invoked, operation.responded) == (1, 8)


def test_failures_are_operations_that_must_have_a_cause() -> None:
    request = _request(
        _attempt(1, 2, _error(Moved("x"))), _attempt(3, 4, _error(GuestTrapped("x")))
    )
    ((attempt, operation),) = request.failures(())
    assert attempt is request.attempts[1]
    assert operation.reply == ("failed", "guest-trapped")
