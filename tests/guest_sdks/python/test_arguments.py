"""What operations take, and what they refuse: by `bad-argument`, and by name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie_actor import Rejection, actor, operation
from kelpie_actor.testing import FakeActor


@dataclass
class Item:
    name: str
    price: float = 1.0


@actor
@dataclass
class Taker:
    """Takes all kinds of things."""

    taken: list[str] = field(default_factory=list)

    @operation
    def number(self, amount: int = 1) -> int:
        return amount

    @operation
    def item(self, item: Item, tags: list[str] | None = None) -> Any:
        return {"name": item.name, "price": item.price, "tags": tags}

    @operation
    def anything(self, value: Any) -> Any:
        return value

    @operation
    def nothing(self) -> None:
        self.taken.append("nothing")

    @operation
    def from_word(self, from_: str) -> str:
        return from_

    @operation
    def raw(self, data: bytes) -> bytes:
        return data[::-1]


@pytest.fixture
def taker() -> FakeActor:
    return FakeActor(Taker)


@pytest.mark.parametrize("argument", ["", b"", "null", "{}", " {} ", "\n null"])
def test_no_argument_is_written_in_some_ways(taker: FakeActor, argument: str | bytes) -> None:
    assert taker.invoke_raw("number", argument) == "1"
    assert taker.invoke_raw("nothing", argument) == "null"


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ('{"amount":1.0}', "amount must be an integer, not 1.0"),
        ('{"amount":1e3}', "amount must be an integer"),
        ('{"amount":"1"}', "amount must be an integer, not a string"),
        ('{"amount":true}', "amount must be an integer, not a boolean"),
        ('{"amount":null}', "amount must be an integer, not null"),
        ('{"amount":9223372036854775808}', "amount is outside the range"),
        ('{"amount":-9223372036854775809}', "amount is outside the range"),
        ('{"Amount":1}', "Amount is an unknown member (there is amount)"),
        ('{"amount":1,"other":2}', "other is an unknown member"),
        ('{"amount":1,"amount":2}', "'amount' is there twice"),
        ('{"amount":1,"a\\u006dount":2}', "'amount' is there twice"),
        ("{", "not JSON"),
        ('{"amount":01}', "not JSON"),
        ('{"amount":1}x', "not JSON"),
        ('{"amount":NaN}', "NaN is no number"),
        ('{"amount":-Infinity}', "-Infinity is no number"),
        ("[1]", "must be a JSON object"),
        ("1", "must be a JSON object"),
        ("\ufeff{}", "not JSON"),
        (b"{}", "must be JSON text, not bytes"),
    ],
)
def test_a_bad_number(taker: FakeActor, argument: str | bytes, told: str) -> None:
    with pytest.raises(Rejection) as rejected:
        taker.invoke_raw("number", argument)
    assert rejected.value.code == "bad-argument"
    assert told in rejected.value.message


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ({}, "item is missing"),
        ({"item": {}}, "item.name is missing"),
        ({"item": {"name": 1}}, "item.name must be a string, not an integer"),
        ({"item": {"name": "a", "cost": 1}}, "item.cost is an unknown member"),
        ({"item": {"name": "a"}, "tags": ["b", 1]}, "tags[1] must be a string"),
        ({"item": []}, "item must be an object, not an array"),
    ],
)
def test_a_bad_member_is_named_by_its_path(taker: FakeActor, argument: object, told: str) -> None:
    with pytest.raises(Rejection, match="bad-argument") as rejected:
        taker.invoke("item", argument)
    assert told in rejected.value.message


def test_records_lists_and_defaults(taker: FakeActor) -> None:
    given = {"item": {"name": "a", "price": 2}, "tags": ["b"]}
    assert taker.invoke("item", given) == {"name": "a", "price": 2.0, "tags": ["b"]}
    assert taker.invoke("item", {"item": {"name": "a"}})["tags"] is None


def test_a_word_of_python_as_a_name(taker: FakeActor) -> None:
    assert taker.invoke("from_word", {"from": "x"}) == "x"


@pytest.mark.parametrize(("levels", "is_taken"), [(127, True), (128, False)])
def test_nesting(taker: FakeActor, levels: int, is_taken: bool) -> None:
    argument = '{"value":' + "[" * levels + "]" * levels + "}"
    if is_taken:
        assert taker.invoke_raw("anything", argument) == argument[9:-1]
        return
    with pytest.raises(Rejection, match="nested deeper than 128"):
        taker.invoke_raw("anything", argument)


def test_nesting_beyond_all_measure(taker: FakeActor) -> None:
    with pytest.raises(Rejection, match="nested deeper"):
        taker.invoke_raw("anything", '{"value":' + "[" * 100_000 + "]" * 100_000 + "}")


@pytest.mark.parametrize(
    "value", ['"\\ud800"', '["\\udc00x"]', '{"\\ud83d":1}', '{"a":{"b":"\\ud83d"}}']
)
def test_half_a_character(taker: FakeActor, value: str) -> None:
    with pytest.raises(Rejection, match="half a character") as rejected:
        taker.invoke_raw("anything", f'{{"value":{value}}}')
    assert "value" in rejected.value.message


def test_a_whole_character_in_two_escapes(taker: FakeActor) -> None:
    assert taker.invoke_raw("anything", '{"value":"\\ud83d\\ude00"}') == '"\U0001f600"'


@pytest.mark.parametrize("value", ["1e999", "-1e999", '{"a":1,"a":1}', '[{"b":{"c":1,"c":2}}]'])
def test_what_json_cannot_mean(taker: FakeActor, value: str) -> None:
    with pytest.raises(Rejection, match="bad-argument"):
        taker.invoke_raw("anything", f'{{"value":{value}}}')


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ('{"value":1e999', "this is not JSON: Expecting ',' delimiter"),
        ('{"value":1e999,"b":', "this is not JSON: Expecting value"),
        ('{"value":%s}' % ("1" * 5_000), "value is too large a number"),
        ('{"value":[1,-%s]}' % ("1" * 5_000), r"value\[1\] is too large a number"),
        ('{"value":[1e999,%s]}' % ("1" * 5_000), r"value\[0\] is too large a number"),
    ],
    ids=range(5),
)
def test_numbers_too_large_beside_other_mistakes(
    taker: FakeActor, argument: str, told: str
) -> None:
    with pytest.raises(Rejection, match=f"bad-argument.*{told}"):
        taker.invoke_raw("anything", argument)


def test_bytes_take_the_binary_lane(taker: FakeActor) -> None:
    assert taker.invoke_raw("raw", b"\x00\xff") == b"\xff\x00"
    assert taker.invoke_raw("raw", b"") == b""
    assert taker.invoke_raw("raw", "") == b""
    with pytest.raises(Rejection, match="must be bytes, not text"):
        taker.invoke_raw("raw", '"AA=="')


def test_an_unknown_operation_is_answered_with_those_there_are(taker: FakeActor) -> None:
    with pytest.raises(Rejection) as rejected:
        taker.invoke("nothin")
    assert rejected.value.code == "unknown-operation"
    assert "number, item, anything, nothing" in rejected.value.message


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(json_values, st.booleans())
def test_any_json_comes_back_as_it_was(value: object, ascii_only: bool) -> None:
    argument = json.dumps({"value": value}, ensure_ascii=ascii_only)
    reply = FakeActor(Taker).invoke_raw("anything", argument)
    assert isinstance(reply, str)
    assert json.loads(reply) == value


@given(st.text(max_size=30))
def test_any_text_is_taken_or_refused(text: str) -> None:
    code = "taken"
    try:
        reply = FakeActor(Taker).invoke_raw("number", text)
    except Rejection as rejection:
        code = rejection.code
    else:
        assert json.loads(reply) == (json.loads(text or "{}") or {}).get("amount", 1)
    assert code in {"taken", "bad-argument"}
