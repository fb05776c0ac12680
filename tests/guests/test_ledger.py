"""The ledger: what it does, and that it notices what a host must never do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.guests.host import ROOT, Actor, Failed, Rejected

LEDGER = ROOT / "tests" / "guests" / "ledger.wasm"


class Ledger(Actor):
    def ask(self, operation: str, **argument: Any) -> Any:
        return json.loads(self.invoke(operation, json.dumps(argument) if argument else ""))

    def items(self, **argument: Any) -> list[tuple[int, str]]:
        items = self.ask("list", **argument)["items"]
        return [(found["number"], found["item"]) for found in items]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(LEDGER)


def test_append_and_list(ledger: Ledger) -> None:
    assert ledger.ask("append", item="fig") == {"number": 1, "count": 1}
    assert ledger.ask("append", item="fig") == {"number": 2, "count": 2}
    assert ledger.items() == [(1, "fig"), (2, "fig")]
    assert ledger.kv == {"item/00000001": "fig", "item/00000002": "fig"}
    assert ledger.state == '{"next":3,"count":2}'


@pytest.mark.parametrize("page", [None, 1, 2, 7, 8])
@pytest.mark.parametrize("reverse", [False, True])
def test_pages(ledger: Ledger, page: int | None, reverse: bool) -> None:
    items = [(number, f'"ä{number}\n') for number in range(1, 8)]
    for _, item in items:
        ledger.ask("append", item=item)
    assert ledger.items(page=page, reverse=reverse) == (items[::-1] if reverse else items)


def test_remove_move_and_clear(ledger: Ledger) -> None:
    for item in ("a", "b", "c"):
        ledger.ask("append", item=item)
    assert ledger.ask("move", number=1) == {"item": "a", "number": 4}
    assert ledger.ask("remove", number=2) == {"item": "b", "count": 2}
    assert ledger.items() == [(3, "c"), (4, "a")]
    assert ledger.ask("count") == {"count": 2}
    assert ledger.ask("clear") == {"removed": 2}
    assert (ledger.kv, ledger.state) == ({}, None)
    assert ledger.ask("append", item="d") == {"number": 1, "count": 1}


def test_append_if_absent(ledger: Ledger) -> None:
    assert ledger.ask("append_if_absent", item="a") == {"appended": True, "count": 1}
    ledger.ask("append", item="b")
    assert ledger.ask("append_if_absent", item="b") == {"appended": False, "count": 2}


def test_count_notices_half_a_turn(ledger: Ledger) -> None:
    ledger.ask("append", item="a")
    ledger.kv["item/00000009"] = "of a turn whose state was not written"
    with pytest.raises(Failed, match="inconsistent: kv has 2 items, state counts 1"):
        ledger.ask("count")


def test_nothing_is_kept_in_memory(ledger: Ledger) -> None:
    ledger.ask("append", item="a")
    ledger.kv.clear()
    ledger.state = None
    assert ledger.items() == []
    assert ledger.ask("append", item="b") == {"number": 1, "count": 1}


@pytest.mark.parametrize(
    ("operation", "argument", "code"),
    [
        ("append", "", "bad-argument"),
        ("append", "[", "bad-argument"),
        ("append", b"{}x", "bad-argument"),
        ("append", '{"item": 5}', "bad-argument"),
        ("append", json.dumps({"item": "x" * 1001}), "bad-argument"),
        ("remove", '{"number": -1}', "bad-argument"),
        ("remove", '{"number": 5}', "not-found"),
        ("move", '{"number": 5}', "not-found"),
        ("list", '{"page": 0}', "bad-argument"),
        ("shuffle", "", "unknown-operation"),
    ],
)
def test_rejections(ledger: Ledger, operation: str, argument: str | bytes, code: str) -> None:
    with pytest.raises(Rejected) as rejected:
        ledger.invoke(operation, argument)
    assert rejected.value.code == code


@pytest.mark.parametrize("state", ["", "{}", '{"next":1}', b"{}"])
def test_corrupt_state_is_a_failure(ledger: Ledger, state: str | bytes) -> None:
    ledger.state = state
    with pytest.raises(Failed, match="corrupt"):
        ledger.ask("append", item="a")


@pytest.mark.parametrize("entry", [("item/x", "a"), ("item/1", b"a")])
def test_corrupt_entries_are_a_failure(ledger: Ledger, entry: tuple[str, str | bytes]) -> None:
    ledger.kv[entry[0]] = entry[1]
    with pytest.raises(Failed, match="corrupt"):
        ledger.items()


def test_manifest(ledger: Ledger) -> None:
    operations = json.loads(ledger.describe())["operations"]
    read_only = {told["name"] for told in operations if told["read_only"]}
    assert read_only == {"list", "count"}
    assert len(operations) == 7
