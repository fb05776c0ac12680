"""The auditor by itself, told of movements in whatever order they may come."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from auditor import Auditor
from kelpie_actor import ActorCaller, Address, MessagingError, Rejection
from kelpie_actor.testing import FakeActor, Message

Told = tuple[str, dict[str, Any]]


def told(account: str, number: int, sort: str, transfer: str, amount: int, balance: int) -> Told:
    names = ("number", "sort", "transfer", "amount", "balance")
    return account, dict(zip(names, (number, sort, transfer, amount, balance), strict=True))


ANN = [
    told("ann", 1, "opened", "", 100, 100),
    told("ann", 2, "withdrawn", "t1", 30, 70),
    told("ann", 3, "deposited", "t2", 5, 75),
]
BOB = [
    told("bob", 1, "opened", "", 50, 50),
    told("bob", 2, "deposited", "t1", 30, 80),
    told("bob", 3, "withdrawn", "t2", 5, 75),
]
EMPTY = dict.fromkeys(("opened", "in_accounts", "in_flight", "movements", "waiting"), 0)


def tell(auditor: FakeActor, movements: list[Told]) -> dict[str, Any]:
    """What the book says behind each of them must add up; what it says in the end."""
    report = {**EMPTY, "balanced": True, "problems": []}
    for account, movement in movements:
        address = Address("default", "account", account)
        auditor.context.set_caller(ActorCaller(address))
        auditor.invoke("enter", movement)
        report = auditor.invoke("report")
        assert report["in_accounts"] + report["in_flight"] == report["opened"]
        assert report["in_flight"] >= 0
    return report


def interleaved() -> list[list[Told]]:
    """All orders in which what two accounts tell may come."""
    places = itertools.combinations(range(6), 3)
    orders = []
    for of_ann in places:
        ann, bob = iter(ANN), iter(BOB)
        orders.append([next(ann) if place in of_ann else next(bob) for place in range(6)])
    return orders


@pytest.mark.parametrize("order", interleaved())
def test_in_whatever_order_they_come_the_book_adds_up(order: list[Told]) -> None:
    auditor = FakeActor(Auditor)
    assert tell(auditor, order) == {
        "balanced": True,
        "opened": 150,
        "in_accounts": 150,
        "in_flight": 0,
        "movements": 6,
        "waiting": 0,
        "problems": [],
    }
    # Nothing is left of what had to wait.
    kept = {key.partition("/")[0] for key in auditor.context.stored_kv}
    assert kept == {"line", "transfer"}


def test_what_has_no_cause_yet_waits_and_all_behind_it() -> None:
    auditor = FakeActor(Auditor)
    report = tell(auditor, BOB)
    assert (report["movements"], report["waiting"], report["in_accounts"]) == (1, 2, 50)
    report = tell(auditor, ANN[:2])
    assert (report["movements"], report["waiting"], report["in_flight"]) == (5, 0, 5)


def test_money_in_flight_is_counted_until_it_is_put_back() -> None:
    auditor = FakeActor(Auditor)
    assert tell(auditor, ANN[:2])["in_flight"] == 30
    back = told("ann", 3, "refunded", "t1", 30, 100)
    assert tell(auditor, [back])["in_flight"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        told("ann", 3, "deposited", "t1", 30, 70),  # the balance is another one
        told("ann", 3, "withdrawn", "t1", 30, 40),  # taken out twice
        told("ann", 3, "refunded", "t1", 20, 90),  # not what was taken out
    ],
)
def test_what_must_not_be_is_noted(wrong: Told) -> None:
    auditor = FakeActor(Auditor)
    auditor.context.set_caller(ActorCaller(Address("default", "account", "ann")))
    for _, movement in [*ANN[:2], wrong]:
        auditor.invoke("enter", movement)
    report = auditor.invoke("report")
    assert not report["balanced"]
    assert len(report["problems"]) == 1


def test_money_that_was_put_in_twice_is_noted() -> None:
    auditor = FakeActor(Auditor)
    tell(auditor, [*ANN[:2], *BOB[:2]])
    auditor.invoke("enter", told("bob", 3, "deposited", "t1", 30, 110)[1])
    report = auditor.invoke("report")
    assert (report["balanced"], report["in_flight"]) == (False, -30)


def test_accounts_are_asked_whether_they_say_the_same() -> None:
    auditor = FakeActor(Auditor)
    others = [told(name, 1, "opened", "", 1, 1) for name in ("cid", "dan")]
    tell(auditor, [*ANN, *BOB, *others])
    says = {"ann": (3, 75), "bob": (4, 80), "cid": (1, 2)}

    def answer(call: Message) -> str:
        assert call.target is not None
        if call.target.key not in says:
            raise MessagingError("unknown", "no answer in time")
        movements, balance = says[call.target.key]
        if call.operation == "movements":
            return "[]"
        return json.dumps({"is_open": True, "balance": balance, "movements": movements})

    auditor.context.answer_calls(answer)
    found = auditor.invoke("audit")
    assert (found["agree"], found["ahead"], found["silent"]) == (1, 1, 1)
    assert len(found["wrong"]) == 1
    assert "cid" in found["wrong"][0]
    assert not auditor.invoke("report")["balanced"]


def test_what_was_never_told_is_asked_for() -> None:
    auditor = FakeActor(Auditor)
    report = tell(auditor, [ANN[0], *BOB])
    assert (report["movements"], report["waiting"]) == (2, 2)
    of = {"ann": [each for _, each in ANN], "bob": [each for _, each in BOB]}
    # Since it was asked what it has.
    of["bob"].append(told("bob", 4, "withdrawn", "t3", 1, 74)[1])

    def answer(call: Message) -> str:
        assert call.target is not None
        movements = of[call.target.key]
        if call.operation == "movements":
            return json.dumps(movements[json.loads(call.argument)["after"] :])
        return json.dumps({"is_open": True, "balance": 75, "movements": 3})

    auditor.context.answer_calls(answer)
    found = auditor.invoke("audit")
    assert found == {"agree": 2, "ahead": 0, "silent": 0, "wrong": []}
    # What comes late after all is not entered again.
    assert tell(auditor, ANN[1:])["movements"] == 6
    assert auditor.invoke("report")["in_accounts"] == 150


def test_only_accounts_are_believed() -> None:
    with pytest.raises(Rejection, match="only accounts"):
        FakeActor(Auditor).invoke("enter", ANN[0][1])


def test_it_watches_by_a_reminder() -> None:
    auditor = FakeActor(Auditor)
    auditor.invoke("watch", {"every_minutes": 5, "accounts": ["ann"]})
    (reminder,) = auditor.context.messages
    assert reminder.argument == '{"accounts":["ann"]}'
    assert reminder.more["schedule"] == ("every-ms", 300_000)
