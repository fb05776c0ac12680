"""The commands about dead letters and reminders, and their routes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from tests.cli.host import LEDGER, Served, kelpie, serving
from tests.compiled import with_compiled

PARCELS = LEDGER.with_name("parcels.wasm")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        assert kelpie("deploy", PARCELS, url=host.url).returncode == 0
        yield host


def told(served: Served, *words: str) -> object:
    done = kelpie(*words, "-o", "json", url=served.url)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def until(ask: Callable[[], object], wanted: object) -> None:
    for _ in range(100):
        if ask() == wanted:
            return
        time.sleep(0.05)
    raise AssertionError(f"never {wanted}")


def send(served: Served, to: str, operation: str) -> None:
    argument = json.dumps({"to": to, "operation": operation})
    assert kelpie("invoke", "parcels/ann", "send", argument, url=served.url).returncode == 0


def numbers(served: Served, actor: str, *more: str) -> list[int]:
    found = told(served, "letters", "list", actor, *more)
    assert isinstance(found, dict)
    return [each["number"] for each in found["letters"]]


def receivers(served: Served, *more: str) -> list[str]:
    found = told(served, "letters", "list", *more)
    assert isinstance(found, dict)
    return [each["key"] for each in found["actors"]]


def test_dead_letters(served: Served) -> None:
    for operation in ("refuse", "refuse", "double", "nothing"):
        send(served, "bob", operation)
    until(lambda: numbers(served, "parcels/bob"), [1, 2, 4])
    (first, *_) = told(served, "letters", "list", "parcels/bob")["letters"]  # type: ignore[index]
    assert first["sender"] == {"namespace": "default", "kind": "parcels", "key": "ann"}
    assert first["argument"] == {"encoding": "json", "value": {"number": 1}}
    assert (first["code"], first["rejection"], first["attempts"]) == ("rejected", "refused", 1)
    assert numbers(served, "parcels/bob", "--limit", "1") == [1]
    assert numbers(served, "parcels/bob", "--after", "2") == [4]

    send(served, "cid", "refuse")
    until(lambda: receivers(served), ["bob", "cid"])
    assert receivers(served, "parcels") == ["bob", "cid"]
    assert receivers(served, "--after", "parcels/bob") == ["cid"]
    assert receivers(served, "--limit", "1") == ["bob"]
    assert kelpie("letters", "drop", "parcels/cid", "1", url=served.url).returncode == 0
    assert receivers(served) == ["bob"]

    done = kelpie("letters", "retry", "parcels/bob", "1", url=served.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no parcels today" in done.stderr
    assert numbers(served, "parcels/bob") == [1, 2, 4]
    for number in ("1", "4"):
        assert kelpie("letters", "drop", "parcels/bob", number, url=served.url).returncode == 0
    assert numbers(served, "parcels/bob") == [2]
    done = kelpie("letters", "drop", "parcels/bob", "1", url=served.url)
    assert done.returncode == 1
    assert "dead-letter-not-found" in done.stderr
    done = kelpie("letters", "list", "parcels/nobody", url=served.url)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no dead letters" in done.stderr


def test_reminders(served: Served) -> None:
    for argument in (
        {"name": "tea", "cron": "0 16 * * *", "zone": "Europe/London"},
        {"name": "often", "every_ms": 3_600_000, "missed": "skip"},
        {"name": "once", "after_ms": 7_200_000},
    ):
        words = ("invoke", "parcels/eve", "remind", json.dumps(argument))
        assert kelpie(*words, url=served.url).returncode == 0
    found = told(served, "reminders", "list", "parcels/eve")["reminders"]  # type: ignore[index]
    shown = [(each["name"], each["schedule"], each["missed"], each["fired"]) for each in found]
    assert shown == [
        ("often", {"every_ms": 3_600_000}, "skip", 0),
        ("once", {"after_ms": 7_200_000}, "fire-once", 0),
        ("tea", {"cron": "0 16 * * *", "zone": "Europe/London"}, "fire-once", 0),
    ]
    done = kelpie("reminders", "list", "parcels/eve", url=served.url)
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["NAME", "WHEN", "OPERATION", "DUE", "FIRED", "LAST", "ERROR"]
    assert rows[0].startswith("often  every 3600000 ms")
    for status in (0, 1):
        done = kelpie("reminders", "cancel", "parcels/eve", "tea", url=served.url)
        assert done.returncode == status
    found = told(served, "reminders", "list", "parcels/eve")["reminders"]  # type: ignore[index]
    assert [each["name"] for each in found] == ["often", "once"]
