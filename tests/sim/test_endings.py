"""The lives of a kind: what was asked is judged in the life in which it can have been done."""

from __future__ import annotations

from kelpie.errors import DeadlineExceeded, OutcomeUnknown
from kelpie.ids import Address, text
from kelpie.sim.endings import Endings
from kelpie.sim.moments import Moments
from kelpie.sim.requests import Answer, Attempt, Request

DONE = Answer(text("done"), None)


def endings(dead: frozenset[str] = frozenset()) -> Endings:
    """Of a kind that was deleted from moment 11 to moment 21."""
    moments = Moments()
    made = Endings(moments, lambda: dead)
    for _ in range(10):
        moments.next()
    made.begins("kind")
    assert made.goes_on("kind")
    for _ in range(9):
        moments.next()
    made.is_over("kind")
    assert not made.goes_on("kind")
    return made


def lived(made: Endings, *attempts: Attempt, read_only: bool = False) -> list[list[Attempt]]:
    """The attempts of a request, life by life."""
    address = Address("default", "kind", "a")
    request = Request("r", address, "op", text(""), read_only, recorded=True)
    request.attempts = list(attempts)
    return [made.of_life([request], "kind", life)[0].attempts for life in range(made.lives("kind"))]


def test_what_lies_in_one_life_belongs_to_it() -> None:
    before, after = Attempt("n", 1, 9, DONE), Attempt("n", 22, 30, DONE)
    assert lived(endings(), before, after) == [[before], [after]]


def test_what_was_answered_across_the_end_may_have_been_done_in_either() -> None:
    expected = [[Attempt("n", 5)], [Attempt("n", 21)]]
    assert lived(endings(), Attempt("n", 5, 30, DONE)) == expected
    assert lived(endings(), Attempt("n", 5, 30, DONE), read_only=True) == [[], []]
    # Answered while there was no kind: it was done before, if at all.
    assert lived(endings(), Attempt("n", 5, 15, DONE)) == [[Attempt("n", 5)], []]


def test_what_was_never_answered_goes_on_unless_its_host_was_dead() -> None:
    assert lived(endings(), Attempt("n", 5)) == [[Attempt("n", 5)], [Attempt("n", 21)]]
    assert lived(endings(frozenset({"n"})), Attempt("n", 5)) == [[Attempt("n", 5)], []]


def test_a_read_that_may_have_joined_one_of_the_life_before_is_judged_in_none() -> None:
    # Its caller was told that nothing was done, but its turn had run, and waited until it
    # might answer: whoever asks again gets its answer.
    late = Attempt("n", 5, 20, Answer(None, DeadlineExceeded("late")))
    after = Attempt("n", 22, 30, DONE)
    assert lived(endings(), late, after, read_only=True)[1] == []
    # Another host runs a turn of its own, and so does one that was asked when there was no kind.
    elsewhere = Attempt("m", 22, 30, DONE)
    assert lived(endings(), late, elsewhere, read_only=True)[1] == [elsewhere]
    refused = Attempt("n", 15, 16, Answer(None, DeadlineExceeded("late")))
    assert lived(endings(), refused, after, read_only=True)[1] == [after]


def test_a_write_that_may_have_joined_one_of_the_life_before_may_have_been_done_in_either() -> None:
    unknown = Attempt("n", 5, 24, Answer(None, OutcomeUnknown("late")))
    after = Attempt("n", 22, 30, DONE)
    expected = [[Attempt("n", 5)], [Attempt("n", 21), Attempt("n", 22)]]
    assert lived(endings(), unknown, after) == expected
    elsewhere = Attempt("m", 22, 30, DONE)
    assert lived(endings(), unknown, elsewhere)[1] == [Attempt("n", 21), elsewhere]


def test_what_was_never_delivered_is_nowhere() -> None:
    assert lived(endings(), Attempt("n")) == [[], []]


def test_a_kind_that_was_never_deleted_has_one_life() -> None:
    moments = Moments()
    made = Endings(moments, frozenset)
    attempt = Attempt("n", 5, 30, DONE)
    assert lived(made, attempt) == [[attempt]]
    assert (made.count, made.known_at("kind", 100)) == (0, False)


def test_from_when_a_host_may_say_that_there_is_no_such_kind() -> None:
    made = endings()
    assert [made.known_at("kind", moment) for moment in (11, 12, 100)] == [False, True, True]
    assert not made.known_at("other", 100)


def test_a_deletion_that_lands_twice_is_one_end() -> None:
    moments = Moments()
    made = Endings(moments, frozenset)
    made.begins("kind")
    made.begins("kind")
    made.is_over("kind")
    assert (made.count, made.lives("kind"), made.goes_on("kind")) == (1, 2, False)
    attempt = Attempt("n", moments.next(), moments.next(), DONE)
    assert lived(made, attempt) == [[], [attempt]]


def test_what_was_not_deployed_anew_has_no_life_behind_its_end() -> None:
    moments = Moments()
    made = Endings(moments, frozenset)
    before = Attempt("n", moments.next(), moments.next(), DONE)
    made.begins("kind")
    after = Attempt("n", moments.next(), moments.next(), DONE)
    assert made.lives("kind") == 1
    assert lived(made, before, after) == [[before]]
