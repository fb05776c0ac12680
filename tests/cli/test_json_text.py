"""JSON whose numbers stay as they were written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.cli.json_text import check_json, json_text, read_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.sampled_from([None, 2]), st.booleans())
def test_it_is_written_as_json_writes_it(
    value: object, indent: int | None, ascii_only: bool
) -> None:
    written = json_text(value, indent=indent, ascii_only=ascii_only)
    assert written == json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    # Read and written again it is the same, whatever its numbers are.
    assert json_text(read_json(written), indent=indent, ascii_only=ascii_only) == written


@pytest.mark.parametrize(
    "number", ["1.10", "1e2", "-0", "1E+400", "0.1234567890123456789012345", "9" * 5000]
)
def test_no_digit_is_lost(number: str) -> None:
    text = f'[{{"a": {number}}}, {number}, "{number}"]'
    assert json_text(read_json(text)) == text


@given(JSON.filter(lambda value: "Infinity" not in json.dumps(value)))
def test_what_is_json(value: object) -> None:
    check_json(json.dumps(value))


@pytest.mark.parametrize("text", ["9" * 5000, "-1." + "9" * 5000, "[" * 100 + "]" * 100])
def test_what_is_large_is_json_as_well(text: str) -> None:
    check_json(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("NaN", "NaN is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        ("[" * 100_000 + "]" * 100_000, "nested too deep"),
        ("", "Expecting value"),
        (b"\xff", "utf-8"),
    ],
)
def test_what_is_none(text: str | bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_json(text)
