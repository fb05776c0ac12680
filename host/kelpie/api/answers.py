"""Whether an answer is one of a host: whoever is asked in its place may say anything."""

from __future__ import annotations

from typing import Any

from kelpie.api.openapi.lines import LINES
from kelpie.api.openapi.parts import Schema
from kelpie.api.openapi.shapes import SHAPES
from kelpie.errors import HostFault

__all__ = ["check_shape"]

_SHAPES = SHAPES | LINES
# Whoever counts to more, or divides it, meets the end of a float.
_NUMBER_MAX = 1 << 64
_DIGITS_MAX = 20
_TYPES: dict[str, type] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


def check_shape(answer: Any, shape: str, url: str) -> None:
    """Checks what the host at `url` has answered against what its document says, as
    far as those who read it count on it: what is there, and of which type. What a newer
    host says beside it is let through, new words for old members too.

    Numbers may be there as texts of their digits.

    Raises:
        HostFault: no host answers so; names the first member that is wrong.
    """
    wrong = _wrong(answer, _SHAPES[shape], "")
    if wrong is not None:
        raise HostFault(
            f"{url} answers as no Kelpie host does: {wrong} (it may be of another version)"
        )


def _wrong(value: Any, schema: Schema, place: str) -> str | None:
    """What is wrong with it, for people; None if nothing is."""
    if "$ref" in schema:
        return _wrong(value, SHAPES[schema["$ref"].rpartition("/")[2]], place)
    if "anyOf" in schema:
        found = [_wrong(value, each, place) for each in schema["anyOf"]]
        return None if None in found else found[0]
    for each in schema.get("allOf", ()):
        if (wrong := _wrong(value, each, place)) is not None:
            return wrong
    if "const" in schema and value != schema["const"]:
        return f"{_told(place)} is not {schema['const']!a}"
    types = schema.get("type", [])
    if isinstance(types, str):
        types = [types]
    if types and not any(_is(value, each) for each in types):
        return f"{_told(place)} is no {types[0]}"
    if isinstance(value, dict):
        return _wrong_member(value, schema, place)
    if isinstance(value, list):
        return _wrong_item(value, schema, place)
    return None


def _wrong_member(value: dict[str, Any], schema: Schema, place: str) -> str | None:
    known: Schema = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return f"without {_told(_below(place, name))}"
    others = schema.get("additionalProperties")
    for name, each in value.items():
        below = known.get(name, others)
        if isinstance(below, dict):
            wrong = _wrong(each, below, _below(place, name))
            if wrong is not None:
                return wrong
    return None


def _wrong_item(value: list[Any], schema: Schema, place: str) -> str | None:
    least = schema.get("minItems", 0)
    if len(value) < least:
        return f"{_told(place)} has fewer than {least}"
    if "items" in schema:
        for index, each in enumerate(value):
            wrong = _wrong(each, schema["items"], f"{place}[{index}]")
            if wrong is not None:
                return wrong
    return None


def _is(value: Any, name: str) -> bool:
    if name != "integer":
        return isinstance(value, _TYPES[name])
    if isinstance(value, str):
        # As `read` of `ask_json` may have left it.
        return type(value) is not str and len(value) <= _DIGITS_MAX and value.isdecimal()
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number and abs(value) < _NUMBER_MAX


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _told(place: str) -> str:
    return repr(place) if place else "it"
