"""Lines of `POST /v1/turns`: read, and written."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.access.caller import ANYBODY
from kelpie.api.asked import Asked
from kelpie.api.turn_lines import TurnLine, error_line, parse_turn_line, reply_line
from kelpie.errors import ActorRejected, InvalidRequest, InvalidText
from kelpie.ids import Address, Payload, binary, text
from kelpie.runtime.requests.cause import REQUEST

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
FULL = {"kind": "k", "key": "a/b", "operation": "do", "argument": {"x": 1}, "id": "i"}


@given(NAMES, NAMES, NAMES, JSON, st.none() | NAMES, st.booleans())
def test_what_was_written_is_read(
    kind: str, key: str, operation: str, argument: Any, id_: str | None, ascii_only: bool
) -> None:
    members = {"argument": argument, "kind": kind, "operation": operation, "key": key}
    if id_ is not None:
        members["id"] = id_
    line = json.dumps(members, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        found = parse_turn_line(line)
    except InvalidText:
        assert not ascii_only  # a lone surrogate, which is no UTF-8
        return
    assert found[:3] == (kind, key, operation)
    assert found.id == id_
    assert found.argument is not None
    assert json.loads(found.argument) == argument


@given(st.binary() | st.text().map(lambda given: given.encode("utf-8", "replace")))
def test_nothing_else_escapes(line: bytes) -> None:
    with suppress(InvalidRequest, InvalidText):
        parse_turn_line(line)


@given(st.data())
def test_damage_is_noticed_or_harmless(data: st.DataObject) -> None:
    line = bytearray(json.dumps(FULL).encode())
    at = data.draw(st.integers(0, len(line) - 1))
    line[at : at + 1] = data.draw(st.binary(max_size=2))
    try:
        found = parse_turn_line(bytes(line))
    except (InvalidRequest, InvalidText):
        return
    # Then it is JSON, and says what we read.
    told = json.loads(bytes(line))
    assert (found.kind, found.key, found.operation) == tuple(
        told[name] for name in ("kind", "key", "operation")
    )


def test_an_argument_stays_as_it_was_written() -> None:
    raw = (
        '{"kind":"k","key":"a","operation":"do","argument": [1.10, 1e400,  12345678901234567890] }'
    )
    assert parse_turn_line(raw.encode()) == TurnLine(
        "k", "a", "do", b"[1.10, 1e400,  12345678901234567890]", None
    )
    assert parse_turn_line(b' {"operation":"do" , "key":"a","kind":"k"}\r').argument is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"", "no JSON object"),
        (b"[]", "no JSON object"),
        (b"{", "no JSON object"),
        (b"{}", "no kind and no key and no operation"),
        (b'{"kind":"k","key":"a"}', "no operation"),
        (b'{"kind":"k","key":"a","operation":1}', "operation of the line is not a string"),
        (b'{"kind":"k","key":"a","operation":""}', "empty"),
        (b'{"kind":"k","key":"a","operation":"do","id":null}', "id of the line is not a string"),
        (b'{"kind":"k","key":"a","operation":"do","ttl":1}', "a member 'ttl'"),
        (b'{"kind":"k","key":"a","key":"b","operation":"do"}', "'key' twice"),
        (b'{"kind":"k","key":"a","operation":"do"} x', "more behind it"),
        (b'{"kind":"k","key":"a","operation":"do","argument":NaN}', "NaN is no JSON"),
        (b'{"kind":"k","key":"a","operation":"do",}', "no JSON object"),
        (b'{"argument":' + b"[" * 100_000, "no JSON object"),
    ],
)
def test_what_is_no_line(line: bytes, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        parse_turn_line(line)


@pytest.mark.parametrize(
    ("reply", "encoding", "value"),
    [
        (text('{"a":\n 1}'), "json", {"a": 1}),
        (text("a\nb"), "text", "a\nb"),
        (text(""), "text", ""),
        (binary(b"\0\xff"), "base64", "AP8="),
    ],
)
def test_replies_are_one_line(reply: Payload, encoding: str, value: object) -> None:
    line = reply_line(7, '"id\\', reply)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "index": 7,
        "status": 200,
        "id": '"id\\',
        "encoding": encoding,
        "value": value,
    }


def test_errors_are_one_line() -> None:
    asked = Asked(ANYBODY, Address("default", "a", "b"), "op", "i", True, 0, REQUEST)
    line = error_line(None, asked, ActorRejected("no", "not\ntoday"))
    assert line.count(b"\n") == 1
    told = json.loads(line)
    assert (told["index"], told["status"], told["id"]) == (None, 422, "i")
    assert told["problem"]["rejection"] == "no"
    assert told["problem"]["trace_id"] == asked.trace_id
