"""Schemas compared: a cover accepts all that was accepted, and what grows is seen to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.runtime.kinds.schema_cover import covers

AMOUNT = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (None, AMOUNT),
        (True, False),
        ({}, {"type": "string"}),
        ({"title": "anything"}, {"type": "string"}),
        ({"type": "string", "description": "new"}, {"type": "string", "title": "old"}),
        ({"type": "number"}, {"type": "integer"}),
        ({"type": ["integer", "null"]}, {"type": "integer"}),
        ({"enum": ["a", "b", "c"]}, {"enum": ["c", "a"]}),
        ({"enum": [1, "a"]}, {"const": "a"}),
        ({"minimum": 0, "maxLength": 9}, {"minimum": 1, "maxLength": 8}),
        ({"items": {"type": "number"}}, {"items": {"type": "integer"}}),
        # A new optional property, and one that is no longer required.
        ({"properties": {"amount": {}, "by": {"type": "string"}}}, {"properties": {"amount": {}}}),
        ({**AMOUNT, "required": []}, AMOUNT),
        ({"properties": {}}, AMOUNT),
        ({"pattern": "^a"}, {"pattern": "^a"}),
        ({"$ref": "#/$defs/x", "$defs": {"x": {}}}, {"$ref": "#/$defs/x", "$defs": {"x": {}}}),
    ],
)
def test_covered(wide: object, narrow: object) -> None:
    assert covers(wide, narrow)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (AMOUNT, None),
        (False, {}),
        ({"type": "integer"}, {"type": "number"}),
        ({"type": "integer"}, {"type": ["integer", "null"]}),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}),
        ({"enum": [True]}, {"const": 1}),
        ({"enum": 7}, {"const": 7}),
        ({"minimum": 1}, {"minimum": 0}),
        ({"minimum": 1}, {}),
        ({"minimum": True}, {"minimum": 1}),
        ({"maxItems": 8}, {"maxItems": 9}),
        ({"items": {"type": "integer"}}, {"type": "array"}),
        (AMOUNT, {**AMOUNT, "required": []}),
        ({"properties": {"amount": {"type": "string"}}}, AMOUNT),
        ({"additionalProperties": False}, AMOUNT),
        ({**AMOUNT, "additionalProperties": False}, AMOUNT),
        ({"pattern": "^a"}, {"pattern": "^ab"}),
        ({"$ref": "#/$defs/x", "$defs": {"x": {}}}, {"$ref": "#/$defs/x", "$defs": {"x": True}}),
        ({"anyOf": [{}]}, {}),
    ],
)
def test_not_covered(wide: object, narrow: object) -> None:
    assert not covers(wide, narrow)


def test_one_that_is_too_deep_is_not_covered() -> None:
    def nested(kind: str) -> object:
        schema: object = {"type": kind}
        for _ in range(5000):
            schema = {"items": schema}
        return schema

    assert not covers(nested("number"), nested("integer"))


_JSON = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1.5, "", "string", [], ["a", 1, None], [[]], {}),
        *({"a": False}, {"a": {"type": 7}}, {"type": "null"}, {"enum": {}, "required": 1}),
    ]
)
_WORDS = st.sampled_from(
    ["type", "enum", "const", "required", "items", "properties", "additionalProperties", "minimum"]
)


@given(st.dictionaries(_WORDS, _JSON), st.dictionaries(_WORDS, _JSON))
def test_whatever_a_schema_holds(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert covers(one, one)
    assert covers(None, one)
    assert covers(one, False)
    assert covers(one, other) in {True, False}


_TYPES = {"integer": int, "number": (int, float), "string": str, "null": type(None), "array": list}
_VALUES = st.sampled_from([None, 0, 1, 2, 1.5, "a", "b", [], [0], [1.5], ["a"]])
_SMALL = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(sorted(_TYPES)) | st.lists(st.sampled_from(sorted(_TYPES))),
            "enum": st.lists(_VALUES, max_size=4),
            "const": _VALUES,
            "minimum": st.integers(0, 2),
            "maximum": st.integers(0, 2),
            "maxItems": st.integers(0, 1),
        },
    ),
    lambda inner: st.fixed_dictionaries({"items": inner}, optional={"minItems": st.just(1)}),
    max_leaves=2,
)


@given(_SMALL, _SMALL, _VALUES)
def test_a_cover_accepts_what_was_accepted(wide: Any, narrow: Any, value: Any) -> None:
    if covers(wide, narrow) and _accepts(narrow, value):
        assert _accepts(wide, value)


def _accepts(schema: dict[str, Any], value: Any) -> bool:
    types = schema.get("type", list(_TYPES))
    types = types if isinstance(types, list) else [types]
    if not any(isinstance(value, _TYPES[each]) for each in types):
        return False
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        return False
    if isinstance(value, list):
        size_fits = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 9)
        return size_fits and all(_accepts(schema.get("items", {}), each) for each in value)
    if isinstance(value, int | float):
        return bool(schema.get("minimum", 0) <= value <= schema.get("maximum", 9))
    return True
