"""What strangers call a schema, and what becomes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from kelpie.api.openapi.published import Unpublishable, plain, published
from kelpie.limits import DEFAULT_LIMITS

PLACE = "#/components/schemas/it"


def publish(schema: object) -> dict[str, Any]:
    return published(schema, PLACE, DEFAULT_LIMITS)


def faults(schema: object) -> list[str]:
    """What a real validator has against a document with this schema."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "it", "version": "1"},
        "paths": {
            "/": {
                "get": {
                    "responses": {
                        "200": {
                            "description": "",
                            "content": {"application/json": {"schema": {"$ref": PLACE}}},
                        }
                    }
                }
            }
        },
        "components": {"schemas": {"it": schema}},
    }
    return [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]


def test_a_plain_schema_stays_as_it_is() -> None:
    schema = {
        "type": "object",
        "properties": {
            "amount": {"type": ["integer", "null"], "minimum": 0, "multipleOf": 0.5},
            "tags": {"type": "array", "items": {"enum": ["a", None, 1]}, "uniqueItems": True},
            "note": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 10, "format": "x"},
        },
        "required": ["amount"],
        "additionalProperties": False,
        "examples": [{"amount": 1}],
        "dependentRequired": {"note": ["tags"]},
    }
    assert publish(schema) == schema
    assert publish(True) == {}
    assert publish(False) == {"not": {}}


def test_references_lead_into_the_document() -> None:
    tree = {
        "$id": "https://example.com/tree",
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"a/b": {"type": "array", "items": {"$ref": "#"}}},
        "properties": {"left": {"$ref": "#/definitions/a~1b"}, "right": {"$ref": "#"}},
    }
    found = publish(tree)
    assert found["properties"]["right"]["$ref"] == PLACE
    assert found["properties"]["left"]["$ref"] == f"{PLACE}/definitions/a~1b"
    assert not faults(found)


def test_words_of_nobody_and_defaults_are_left_out() -> None:
    given = {"type": "string", "default": 3, "discriminator": 5, "x-y": {"$ref": "z"}}
    assert publish(given) == {"type": "string"}


def test_texts_of_strangers_have_no_html() -> None:
    assert publish({"title": "<script>", "description": "a & b"}) == {
        "title": "&lt;script>",
        "description": "a &amp; b",
    }
    assert plain("<img src=x>") == "&lt;img src=x>"


def deep(levels: int, word: str = "not") -> Any:
    schema: Any = {}
    for _ in range(levels):
        schema = {word: schema}
    return schema


def laughs() -> Any:
    steps = {
        f"s{i}": {"allOf": [{"$ref": f"#/$defs/s{i + 1}"}, {"$ref": f"#/$defs/s{i + 1}"}]}
        for i in range(40)
    }
    return {"$ref": "#/$defs/s0", "$defs": {**steps, "s40": {}}}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "text"}, "type"),
        ({"type": []}, "type"),
        ({"type": ["string", 3]}, "type"),
        ({"minLength": -1}, "minLength"),
        ({"minLength": True}, "minLength"),
        ({"maximum": "10"}, "maximum"),
        ({"multipleOf": 0}, "multipleOf"),
        ({"required": "a"}, "required"),
        ({"required": ["a", "a"]}, "required"),
        ({"required": [[], {}]}, "required"),
        ({"pattern": "("}, "pattern"),
        ({"patternProperties": {"(": {}}}, "pattern"),
        ({"properties": []}, "properties"),
        ({"properties": {"a": 3}}, "properties/a"),
        ({"items": [{}]}, "items"),
        ({"allOf": []}, "allOf"),
        ({"enum": "a"}, "enum"),
        ({"$ref": "http://169.254.169.254/latest"}, "leads out"),
        ({"$ref": "file:///etc/passwd"}, "leads out"),
        ({"$ref": "#anchor"}, "leads out"),
        ({"$ref": 3}, "leads out"),
        ({"$ref": "#/nowhere"}, "nowhere"),
        ({"$ref": "#/const", "const": {}}, "no schema is|where no"),
        ({"const": {"a": [{"$ref": "http://x/"}]}}, r"\$ref in it"),
        ({"$ref": "#"}, "round"),
        ({"allOf": [{"not": {"$ref": "#"}}]}, "round"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}}, "round"),
        ({"properties": {"a": {"$id": "x"}}}, r"\$id"),
        ({"$dynamicRef": "#x"}, "dynamicRef"),
        (deep(500), "openapi_schema_depth_max"),
        ({"const": deep(500)}, "openapi_schema_depth_max"),
        (laughs(), "openapi_schema_steps_max"),
        ({"description": "x" * 70_000}, "openapi_schema_bytes_max"),
    ],
    ids=lambda given: json.dumps(given)[:30] if not isinstance(given, str) else "",
)
def test_what_is_not_published(schema: object, why: str) -> None:
    with pytest.raises(Unpublishable, match=why):
        publish(schema)


def test_the_limits_are_those_of_the_host() -> None:
    narrow = replace(DEFAULT_LIMITS, openapi_schema_depth_max=2)
    published(deep(2), PLACE, narrow)
    with pytest.raises(Unpublishable):
        published(deep(3), PLACE, narrow)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
WORDS = st.sampled_from(
    sorted(
        {
            *("$anchor", "$dynamicRef", "$id", "$schema", "default", "discriminator", "nullable"),
            *("additionalProperties", "contains", "else", "if", "items", "not", "propertyNames"),
            *("allOf", "anyOf", "oneOf", "prefixItems", "then", "unevaluatedProperties", "xml"),
            *("$defs", "definitions", "dependentSchemas", "patternProperties", "properties"),
            *("const", "enum", "examples", "description", "title", "format", "pattern", "type"),
            *("dependentRequired", "maxLength", "maximum", "minItems", "multipleOf", "readOnly"),
            *("required", "uniqueItems", "$ref"),
        }
    )
)
REFERENCES = st.sampled_from(
    ["#", "#/$defs/a", "#/properties/a", "#/allOf/0", "#/items", "#x", "x", "#/%24defs/a"]
)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["a", "b", "$ref", "x/y", "default"])
    value = inner | st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
    return st.dictionaries(WORDS, value, max_size=4) | st.fixed_dictionaries(
        {"$ref": REFERENCES}, optional={"$defs": st.dictionaries(names, inner, max_size=2)}
    )


SCHEMAS = st.recursive(JSON | REFERENCES | st.just("string"), objects, max_leaves=12)


@given(schema=SCHEMAS)
def test_whatever_is_published_is_valid(schema: object) -> None:
    try:
        found = publish(schema)
    except Unpublishable:
        return
    assert not faults(found)
