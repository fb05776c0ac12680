"""The manifest: JSON of one shape, and nothing else."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.manifest import ManifestInvalid, parse_manifest
from kelpie.wasm.turn import Manifest, Operation


def parse(manifest: Any) -> Manifest:
    return parse_manifest(json.dumps(manifest), DEFAULT_LIMITS)


def reasons(manifest: Any) -> list[str]:
    with pytest.raises(ManifestInvalid) as invalid:
        parse(manifest)
    return invalid.value.reasons


def test_all_members() -> None:
    member: dict[str, Any] = {
        "name": "add",
        "doc": "Adds.",
        "read_only": False,
        "durable": True,
        "argument": {"type": "integer"},
        "result": True,
    }
    found = parse({"doc": "A counter.", "operations": [member]})
    assert found == Manifest("A counter.", {"add": Operation(**member)})


def test_only_names_are_required() -> None:
    assert parse({"operations": [{"name": "a"}]}) == Manifest("", {"a": Operation("a")})
    assert parse({"operations": []}) == Manifest("", {})


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ([], "not a JSON object"),
        ({}, "operations of the manifest is not an array"),
        ({"operations": {}}, "operations of the manifest is not an array"),
        ({"operations": [], "doc": 1}, "doc of the manifest is not a string"),
        ({"operations": [], "name": "x"}, "unknown member 'name'"),
        ({"operations": ["a"]}, "operations[0] is not an object"),
        ({"operations": [{}]}, "operations[0].name is not a non-empty string"),
        ({"operations": [{"name": "x" * 129}]}, "operation_name_bytes_max"),
        ({"operations": [{"name": "a"}, {"name": "a"}]}, "operations[1].name is a second 'a'"),
        ({"operations": [{"name": "a", "readonly": True}]}, "unknown member 'readonly'"),
        ({"operations": [{"name": "a", "read_only": "yes"}]}, "read_only is not true or false"),
        ({"operations": [{"name": "a", "durable": None}]}, "durable is not true or false"),
        (
            {"operations": [{"name": "a", "durable": True, "read_only": True}]},
            "operations[0] is read_only and durable",
        ),
        ({"operations": [{"name": "a", "doc": None}]}, "doc is not a string"),
        ({"operations": [{"name": "a", "argument": "integer"}]}, "argument is no JSON Schema"),
        ({"operations": [{"name": "a", "result": []}]}, "result is no JSON Schema"),
    ],
)
def test_what_is_wrong_is_said(manifest: Any, reason: str) -> None:
    assert any(reason in each for each in reasons(manifest))


def test_everything_that_is_wrong_is_said() -> None:
    wrong = {"doc": 1, "x": 1, "operations": [{"name": "a", "doc": 1}, {"name": "", "y": 1}]}
    assert len(reasons(wrong)) == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{",
        '{"operations": [], "operations": []}',
        "[" * 100_000,
        '{"operations": [{"name": "a", "argument": {"maximum": NaN}}]}',
        '{"operations": [{"name": "a", "argument": {"maximum": -Infinity}}]}',
        '{"operations": [{"name": "a", "argument": {"maximum": 1e999}}]}',
        '{"operations": [{"name": "\\ud800"}]}',
        '{"operations": [], "doc": "\\udfff"}',
    ],
    ids=lambda text: text[:50],
)
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(ManifestInvalid, match="not JSON"):
        parse_manifest(text, DEFAULT_LIMITS)


def test_depth_is_limited() -> None:
    def nested(levels: int) -> str:
        """A schema of so many levels, three below the manifest itself."""
        schema: dict[str, Any] = {}
        for _ in range(levels - 3):
            schema = {"not": schema}
        return json.dumps({"operations": [{"name": "a", "argument": schema}]})

    limits = replace(DEFAULT_LIMITS, component_describe_depth_max=50)
    assert parse_manifest(nested(49), limits).operations
    with pytest.raises(ManifestInvalid, match="component_describe_depth_max"):
        parse_manifest(nested(52), limits)
    with pytest.raises(ManifestInvalid, match="component_describe_depth_max"):
        parse_manifest('{"operations": [], "doc": ' + "[" * 500 + "]" * 500 + "}", limits)


def test_operations_are_limited() -> None:
    limits = replace(DEFAULT_LIMITS, component_operations_max=2)
    names = [{"name": f"{index}"} for index in range(3)]
    with pytest.raises(ManifestInvalid, match="component_operations_max"):
        parse_manifest(json.dumps({"operations": names}), limits)
    assert len(parse_manifest(json.dumps({"operations": names[:2]}), limits).operations) == 2


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["operations", "name", "doc", "read_only", "argument"]) | st.text(),
            inner,
        )
    ),
)


@given(ANY_JSON)
def test_any_json_is_a_manifest_or_refused(found: Any) -> None:
    with suppress(ManifestInvalid):
        manifest = parse(found)
        assert all(name == operation.name for name, operation in manifest.operations.items())
