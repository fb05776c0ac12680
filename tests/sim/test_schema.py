from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.sim import schema
from kelpie.sim.run import Plan
from kelpie.sim.tape import Tape
from kelpie.sim.trace import Trace

SEEDS = st.integers(0, 10_000)

SCHEMAS: list[Any] = [
    {"type": "null"},
    {"type": "boolean"},
    {"type": "integer"},
    {"type": "integer", "minimum": 3, "maximum": 5},
    {"type": "integer", "maximum": -100},
    {"type": "integer", "minimum": -(2**53), "maximum": 2**53},
    {"type": "number", "minimum": 0},
    {"type": "string"},
    {"type": "string", "minLength": 2, "maxLength": 4},
    {"enum": ["a", 1, None]},
    {"const": {"x": [1]}},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2},
    {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        "required": ["a"],
    },
    {"oneOf": [{"type": "integer"}, {"type": "object", "properties": {"n": {"type": "null"}}}]},
    {"type": ["object", "null"], "properties": {"a": {"const": 1}}},
]


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a value fits, for the schemas above."""
    if "const" in wanted or "enum" in wanted:
        return value in wanted.get("enum", [wanted.get("const")])
    if "oneOf" in wanted:
        return any(_fits(value, each) for each in wanted["oneOf"])
    kinds = wanted["type"] if isinstance(wanted["type"], list) else [wanted["type"]]
    return any(_is(value, kind, wanted) for kind in kinds)


def _is(value: Any, kind: str, wanted: Any) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer" | "number":
            right = isinstance(value, int if kind == "integer" else int | float)
            return right and wanted.get("minimum", value) <= value <= wanted.get("maximum", value)
        case "string":
            low, high = wanted.get("minLength", 0), wanted.get("maxLength", 1 << 30)
            return isinstance(value, str) and low <= len(value) <= high
        case "array":
            low, high = wanted.get("minItems", 0), wanted.get("maxItems", 1 << 30)
            return low <= len(value) <= high and all(_fits(e, wanted["items"]) for e in value)
    properties = wanted["properties"]
    return (
        isinstance(value, dict)
        and set(wanted.get("required", ())) <= set(value) <= set(properties)
        and all(_fits(value[name], properties[name]) for name in value)
    )


@pytest.mark.parametrize("wanted", SCHEMAS, ids=json.dumps)
@given(SEEDS)
def test_values_fit(wanted: Any, seed: int) -> None:
    assert _fits(schema.value(Tape.from_seed(seed, Trace()), wanted), wanted)


@pytest.mark.parametrize(
    "odd", [None, "text", {}, {"type": "unheard-of"}, {"$ref": "#/x"}, {"type": []}]
)
def test_what_is_not_understood_counts_as_absent(odd: Any) -> None:
    assert schema.argument(Tape.from_seed(1, Trace()), odd).data == b""


def test_a_schema_within_itself_ends() -> None:
    endless: dict[str, Any] = {"type": "array", "minItems": 1}
    endless["items"] = endless
    schema.value(Tape.from_seed(1, Trace()), endless)


@given(SEEDS)
def test_arguments_are_json(seed: int) -> None:
    tape = Tape.from_seed(seed, Trace())
    for wanted in SCHEMAS:
        payload = schema.argument(tape, wanted)
        assert payload.is_text
        assert payload.data == b"" or _fits(json.loads(payload.data), wanted)


def test_every_operation_of_the_fixtures_gets_arguments(counter: Plan, ledger: Plan) -> None:
    tape = Tape.from_seed(1, Trace())
    for plan in (counter, ledger):
        for choice in plan.workload.choices:
            arguments = {choice.argument(tape).data for _ in range(200)}
            takes_none = choice.schema == {"type": "null"}
            assert (arguments == {b""}) == takes_none, choice
