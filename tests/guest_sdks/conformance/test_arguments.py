"""Arguments: what is read, and what is refused with a message that names it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kelpie.ids import text
from tests.guest_sdks.conformance.subject import Subject

pytestmark = pytest.mark.asyncio(loop_scope="session")

VALUES = [
    None,
    True,
    0,
    -5,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    1.5,
    "",
    "ä\n\u0000\u2028😀",
    [],
    {},
    [1, [None, {"a": {"b": []}}]],
    {"z": 1, "a": 2},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_json_comes_back_as_it_was(actor: Subject, value: Any) -> None:
    assert await actor.ask("echo", value=value) == value


async def test_escapes_and_spaces_are_read(actor: Subject) -> None:
    argument = ' {\t"val\\u0075e" :\r\n"\\ud83d\\ude00\\/\\u00e4" } '
    assert await actor.ask_text("echo", argument) == "😀/ä"


@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"{}", bytes(range(256)) * 300])
async def test_bytes_come_back_as_they_were(actor: Subject, data: bytes) -> None:
    reply = await actor.invoke("echo_bytes", data)
    assert (reply.is_text, reply.data) == (False, data)


async def test_bytes_and_text_are_not_taken_for_each_other(actor: Subject) -> None:
    assert (await actor.rejection("echo_bytes", '"x"')).rejection_code == "bad-argument"
    assert (await actor.rejection("add", b'{"amount": 1}')).rejection_code == "bad-argument"


@pytest.mark.parametrize("nothing", ["", b"", "null", "{}", " null ", "{ }"])
async def test_nothing_may_be_said_in_several_ways(actor: Subject, nothing: str | bytes) -> None:
    reply = await actor.invoke("add", nothing)
    assert json.loads(reply.data) == {"count": 1}
    reply = await actor.invoke("get", nothing)
    assert json.loads(reply.data) == {"count": 1, "notes": {}}


async def test_no_result_is_null(actor: Subject) -> None:
    assert await actor.invoke("note", '{"name": "a", "text": "b"}') == text("null")


BAD = [
    # operation, argument, what the message has in it
    ("add", '{"amount": "5"}', "amount"),
    ("add", '{"amount": 1.0}', "amount"),
    ("add", '{"amount": 1e3}', "amount"),
    ("add", '{"amount": 9223372036854775808}', "amount"),
    ("add", '{"amount": -9223372036854775809}', "amount"),
    ("add", '{"amount": null}', "amount"),
    ("add", '{"amount": true}', "amount"),
    ("add", '{"amount": [1]}', "amount"),
    ("add", '{"amount": 1, "amount": 2}', "amount"),
    ("add", '{"amount": 1, "much": 2}', "much"),
    ("add", '{"Amount": 1}', "Amount"),
    ("add", '{"amount": 1', ""),
    ("add", '{"amount": 1}}', ""),
    ("add", '{"amount": 1,}', ""),
    ("add", '{"amount": 01}', ""),
    ("add", '{"amount": NaN}', ""),
    ("add", "{amount: 1}", ""),
    ("add", "{'amount': 1}", ""),
    ("add", "[1]", ""),
    ("add", "1", ""),
    ("add", '"amount"', ""),
    ("add", "nothing", ""),
    ("get", '{"amount": 1}', "amount"),
    ("get", "[]", ""),
    ("note", '{"name": "a"}', "text"),
    ("note", "", "name"),
    ("note", '{"name": "a", "text": 5}', "text"),
    ("note", '{"name": "a", "text": null}', "text"),
    ("note", '{"name": "a", "text": "\\ud83d"}', "text"),
    ("note", '{"name": "a", "text": "\\ude00\\ud83d"}', "text"),
    ("note", '{"name": "a", "text": "a\nb"}', ""),
    ("note", '{"name": "a", "text": "\\x"}', ""),
    ("echo", '{"value": {"a": 1, "a": 2}}', "a"),
    ("echo", '{"value": [{"b": {"a": 1, "a": 2}}]}', "a"),
    ("echo", '{"value": Infinity}', ""),
    ("echo", '{"value": -Infinity}', ""),
    ("echo", '{"value": 1e999}', "value"),
    ("echo", '{"value": 1e999', ""),
    ("echo", '{"value": "\\ud800"}', "value"),
    ("kv_list", '{"limit": -1}', "limit"),
    ("kv_list", '{"limit": 4294967296}', "limit"),
    ("kv_list", '{"reverse": 1}', "reverse"),
    ("kv_list", '{"after": 1}', "after"),
]


@pytest.mark.parametrize(("operation", "argument", "named"), BAD)
async def test_bad_arguments(actor: Subject, operation: str, argument: str, named: str) -> None:
    rejection = await actor.rejection(operation, argument)
    assert rejection.rejection_code == "bad-argument"
    assert named in rejection.message


async def test_how_deep_json_may_be(actor: Subject) -> None:
    # The object of the argument is one level more.
    deep = "[" * 127 + "]" * 127
    reply = await actor.invoke("echo", f'{{"value": {deep}}}')
    assert reply.data.decode() == deep
    for levels in (128, 1_000, 100_000):
        deeper = "[" * levels + "]" * levels
        rejection = await actor.rejection("echo", f'{{"value": {deeper}}}')
        assert rejection.rejection_code == "bad-argument"


async def test_an_operation_that_is_not_there(actor: Subject) -> None:
    for name in ("Add", "subtract", "add ", "ä"):
        rejection = await actor.rejection(name)
        assert rejection.rejection_code == "unknown-operation"
        assert "add" in rejection.message
        assert "echo_bytes" in rejection.message
