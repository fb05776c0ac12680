"""What the host cannot take is told where an actor passes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kelpie_actor import Address, Context, Rejection
from kelpie_actor.testing import FakeContext

HALF = "a\ud800"
HERE = Address("default", "shop", "one")

REFUSED: dict[str, tuple[Callable[[Context], Any], str]] = {
    "get": (lambda context: context.kv.get(HALF), "a key: .*half a character"),
    "get of bytes": (lambda context: context.kv.get(b"k"), "a key is a str, not bytes"),  # type: ignore[arg-type]
    "set": (lambda context: context.kv.set(HALF, "v"), "a key: .*half a character"),
    "set to half": (lambda context: context.kv.set("k", HALF), "a value: .*half a character"),
    "set to none": (lambda context: context.kv.set("k", None), "a value is str or bytes; set_json"),  # type: ignore[arg-type]
    "set_json": (lambda context: context.kv.set_json(HALF, 1), "a key: .*half"),
    "get_json": (lambda context: context.kv.get_json(HALF), "a key: .*half"),
    "delete": (lambda context: context.kv.delete(HALF), "a key: .*half"),
    "prefix": (lambda context: context.kv.list(HALF), "a prefix: .*half"),
    "after": (lambda context: context.kv.list(after=HALF), "a key: .*half"),
    "limit": (lambda context: context.kv.list(limit=-1), "a limit is not negative"),
    "half a limit": (lambda context: context.kv.list(limit=0.5), "float"),  # type: ignore[arg-type]
    "state": (lambda context: context.state.save(5), "a value is str or bytes; write"),  # type: ignore[arg-type]
    "half a state": (lambda context: context.state.save(HALF), "a value: .*half"),
    "config": (lambda context: context.config(HALF), "a name: .*half"),
    "secret": (lambda context: context.secret(HALF), "a name: .*half"),
    "entropy": (lambda context: context.entropy.bytes(0.5), "float"),  # type: ignore[arg-type]
    "call": (lambda context: context.messaging.call(HERE, HALF), "an operation: .*half"),
    "kind": (
        lambda context: context.messaging.send(HERE._replace(kind=HALF), "go"),
        "a kind: .*half",
    ),
    "key of a call": (
        lambda context: context.messaging.call(HERE, "go", key=HALF),
        "a key: .*half",
    ),
    "no key": (
        lambda context: context.messaging.send(HERE._replace(key=5), "go"),  # type: ignore[arg-type]
        "a key is a str, not int",
    ),
    "continuation": (
        lambda context: context.messaging.request(HERE, "go", continuation=HALF),
        "a continuation: .*half",
    ),
    "reminder": (
        lambda context: context.messaging.remind(HALF, "go", cron=("* * * * *", "UTC")),
        "a name: .*half",
    ),
    "zone": (
        lambda context: context.messaging.remind("r", "go", cron=("* * * * *", HALF)),
        "a time zone: .*half",
    ),
    "missed": (
        lambda context: context.messaging.remind("r", "go", cron=("a", "b"), missed="no"),  # type: ignore[arg-type]
        "missed is fire-once or skip, not 'no'",
    ),
    "cancel": (lambda context: context.messaging.cancel_reminder(HALF), "a name: .*half"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_with_words(what: str) -> None:
    ask, told = REFUSED[what]
    with pytest.raises((TypeError, ValueError), match=told):
        ask(FakeContext())


@pytest.mark.parametrize("code", ["", "A", "a b", HALF, "a" * 65, 5])
def test_a_rejection_has_a_code_that_the_host_takes(code: Any) -> None:
    with pytest.raises(ValueError, match="the code of a rejection is 1 to 64 of a-z"):
        Rejection(code, "no")


def test_what_is_for_people_is_told_as_far_as_it_can_be() -> None:
    assert Rejection("code", HALF).message == "a?"
    context = FakeContext()
    context.log.info(HALF)
    assert context.lines == [("info", "a?")]


def test_a_page_has_as_many_entries_as_there_are_if_more_are_asked_for() -> None:
    context = FakeContext()
    context.kv.set("k", "v")
    assert len(context.kv.list(limit=2**40).entries) == 1
