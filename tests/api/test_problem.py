"""Errors on the wire, both ways."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches

import pytest

from kelpie.api import nearest_name
from kelpie.api.problem import error_of, problem_of
from kelpie.errors import (
    ActorRejected,
    GuestTrapped,
    HostFault,
    KelpieError,
    KindNotFound,
    Overloaded,
    StoreCommitUnknown,
    every_error,
)


def _example(error: type[KelpieError]) -> KelpieError:
    return error("no-way", "why") if error is ActorRejected else error("why")


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.code)
def test_every_error_survives_the_wire(error: type[KelpieError]) -> None:
    sent = _example(error)
    problem = problem_of(sent)
    assert problem.status == error.status
    received = error_of(json.loads(problem.body))
    assert type(received) is error
    assert (received.message, received.details) == (sent.message, sent.details)


def test_a_rejection_keeps_its_code() -> None:
    received = error_of(json.loads(problem_of(ActorRejected("no-way", "why")).body))
    assert isinstance(received, ActorRejected)
    assert received.rejection_code == "no-way"


@pytest.mark.parametrize(("milliseconds", "seconds"), [(1, "1"), (1000, "1"), (1001, "2")])
def test_retry_after_is_whole_seconds_and_never_too_early(milliseconds: int, seconds: str) -> None:
    problem = problem_of(Overloaded("why", retry_after_ms=milliseconds))
    assert problem.headers == {"Retry-After": seconds}


def test_a_backtrace_is_left_to_the_log() -> None:
    problem = json.loads(problem_of(GuestTrapped("it crashed", backtrace="0: main")).body)
    assert "backtrace" not in problem
    assert problem["detail"] == "it crashed"


def test_a_detail_may_not_hide_a_member() -> None:
    with pytest.raises(AssertionError):
        problem_of(StoreCommitUnknown("why", status=200))


def test_what_no_host_of_ours_says_is_a_fault() -> None:
    assert isinstance(error_of({"code": "teapot", "detail": "short and stout"}), HostFault)
    assert isinstance(error_of({}), HostFault)


@pytest.mark.parametrize(
    ("known", "said"),
    [([], "nothing is deployed"), (["counter"], "'counter'"), (["a", "b"], "a, b")],
)
def test_an_unknown_kind_names_the_nearest(known: list[str], said: str) -> None:
    problem = problem_of(KindNotFound("no such kind", kind="conuter", known=known))
    assert said in json.loads(problem.body)["detail"]


def test_of_many_names_some_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """What costs a good part of a second would hold up everybody."""
    compared = []

    def count(asked: str, names: Iterable[str], n: int) -> list[str]:
        compared.append(len(list(names)))
        return get_close_matches(asked, names, n=n)

    monkeypatch.setattr(nearest_name, "get_close_matches", count)
    known = [f"{letter}{'x' * 500}{number}" for number in range(40) for letter in "abcdefg"]
    known += [f"order-{number:04}" for number in range(1000)]
    assert nearest_name.nearest_name("ordr-0500", known, "declared").startswith("did you mean 'ord")
    assert compared[0] <= 30
