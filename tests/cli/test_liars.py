"""Who answers in a host's place with the right names, and anything at all behind them."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kelpie.api.openapi.lines import LINES
from kelpie.api.openapi.shapes import SHAPES
from kelpie.api.transport import Transport
from kelpie.cli.main import main
from tests.cli.host import COUNTER

WRONG = (None, True, -1, 10**400, 1.5, [], [None], {}, {"encoding": 1})
HOSTILE = "\x1b[2J"
COMMANDS = {
    "ActorPage": "actors counter",
    "Actor": "show counter/a",
    "AuditPage": "audit",
    "CancelledReminder": "reminders cancel counter/a x",
    "CancelledTurn": "cancel counter/a",
    "Checked": f"check {COUNTER}",
    "Config": "config counter list",
    "ConfigChanged": "config counter set A=1",
    "DeadLetterPage": "letters list counter/a",
    "Deleted": "undeploy counter",
    "DeletedActor": "delete counter/a --yes",
    "Deployed": f"deploy {COUNTER}",
    "DroppedLetter": "letters drop counter/a 1",
    "JournalPage": "journal counter/a",
    "JournalPolicy": "journal counter",
    "Kinds": "kinds",
    "KvPage": "kv list counter/a",
    "LogLine": "logs",
    "NewToken": "token create x --role read",
    "ReceiverPage": "letters list",
    "Reminders": "reminders list counter/a",
    "Revoked": "token revoke x",
    "Secrets": "secret counter list",
    "SecretsChanged": "secret counter unset A",
    "Tokens": "token list",
    "Trace": "trace x",
    "TurnAnswer": "stream /dev/null",
    "TurnPage": "turns",
    "VersionPage": "versions counter",
}


def example(schema: dict[str, Any]) -> Any:
    """What is of this shape."""
    if "$ref" in schema:
        return example(SHAPES[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return example(schema["anyOf"][0])
    if "allOf" in schema:
        return {name: value for each in schema["allOf"] for name, value in example(each).items()}
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: example(each) for name, each in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [example(schema["items"])]
    return {"integer": 1, "boolean": True, "string": "text"}.get(str(schema.get("type")))


def last_of(page: dict[str, Any]) -> dict[str, Any]:
    """What a page says behind which nothing comes."""
    return {name: value for name, value in {"after": None, "more": False}.items() if name in page}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in it, with every index of it."""
    below = value.items() if isinstance(value, dict) else enumerate(value)
    for index, each in list(below):
        yield value, index
        if isinstance(each, dict | list):
            yield from places(each)


def lies(truth: Any) -> Iterator[Any]:
    """In each place a wrong value, one that commands terminals, and none; then the whole."""
    count = sum(1 for _ in places(truth))
    for number in range(count):
        for wrong in (WRONG[number % len(WRONG)], HOSTILE):
            lie = copy.deepcopy(truth)
            container, index = list(places(lie))[number]
            container[index] = wrong
            yield lie
        lie = copy.deepcopy(truth)
        container, index = list(places(lie))[number]
        del container[index]
        yield lie
    yield from WRONG


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """What every request is answered with, the first page and every other."""

    def answer(body: bytes) -> None:
        async def ask(*_: object, **__: object) -> tuple[str, bytes]:
            return "application/json", body

        class Lines:
            async def lines(self) -> AsyncIterator[bytes]:
                yield body

        @asynccontextmanager
        async def asking(*_: object, **__: object) -> AsyncIterator[Lines]:
            yield Lines()

        monkeypatch.setattr(Transport, "ask", ask)
        monkeypatch.setattr(Transport, "asking", asking)

    return answer


@pytest.mark.parametrize("shape", COMMANDS)
def test_no_lie_is_a_traceback(
    shape: str, answering: Callable[[bytes], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command = COMMANDS[shape].split()
    truth = example((SHAPES | LINES)[shape])
    for output in ("table", "json"):
        answering(json.dumps(truth | last_of(truth)).encode())
        assert main([*command, "-o", output]) == 0
    for lie in lies(truth):
        answering(json.dumps(lie).encode())
        assert main(command) in {0, 1}, lie
        assert "\x1b" not in "".join(capsys.readouterr()), lie
