"""Whether one JSON Schema accepts all that another one does.

In general nobody can tell. What cannot be told here counts as "no", so that
nobody is promised too much; ways in which schemas commonly grow are understood.
"""

from __future__ import annotations

from typing import Any

__all__ = ["covers"]

# What a schema only says to people.
_NOTES = {"title", "description", "default", "examples", "deprecated", "$comment", "$schema", "$id"}

# A lower bound may go down, an upper bound may go up.
_LOWER = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_UPPER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
# Judged together, by `_covers_properties`.
_OF_OBJECTS = {"properties", "additionalProperties"}


def covers(wide: object, narrow: object) -> bool:
    """Whether `wide` surely accepts everything that `narrow` accepts.

    Of None nothing is known: it accepts everything. A property that `narrow`
    does not describe, and `wide` does, is taken for one that nobody used.
    """
    try:
        return _covers(wide, narrow)
    except RecursionError:
        return False  # too deep to be compared


def _covers(wide: object, narrow: object) -> bool:
    wide, narrow = _plain(wide), _plain(narrow)
    if narrow is False or wide == {} or _same(wide, narrow):
        return True
    if not (isinstance(wide, dict) and isinstance(narrow, dict)):
        return False
    if not _covers_properties(wide, narrow):
        return False
    return all(_covers_word(word, wide, narrow) for word in wide.keys() - _OF_OBJECTS)


def _plain(schema: object) -> object:
    """The schema without what it says to people; `true`, and none, are `{}`."""
    if schema is None or schema is True:
        return {}
    if isinstance(schema, dict):
        return {word: value for word, value in schema.items() if word not in _NOTES}
    return schema


def _covers_word(word: str, wide: dict[str, Any], narrow: dict[str, Any]) -> bool:
    given = wide[word]
    if word == "required":
        return _names(given) <= _names(narrow.get(word, []))
    if word == "enum" and "const" in narrow:
        return _is_among(narrow["const"], given)
    if word not in narrow:
        return False
    before = narrow[word]
    if word == "type":
        return _types(before) <= _types(given)
    if word == "enum":
        return isinstance(before, list) and all(_is_among(each, given) for each in before)
    if word == "items":
        return _covers(given, before)
    if word in _LOWER | _UPPER and _is_number(given) and _is_number(before):
        return bool(given <= before if word in _LOWER else given >= before)
    return _same(given, before)


def _covers_properties(wide: dict[str, Any], narrow: dict[str, Any]) -> bool:
    described, others = _described(wide)
    described_before, others_before = _described(narrow)
    if not _covers(others, others_before):
        return False
    return all(
        _covers(described.get(name, others), before) for name, before in described_before.items()
    )


def _described(schema: dict[str, Any]) -> tuple[dict[str, Any], object]:
    """The properties that it describes, and what it says of all others."""
    properties = schema.get("properties", {})
    return properties if isinstance(properties, dict) else {}, schema.get("additionalProperties")


def _types(given: object) -> set[str]:
    types = _names(given if isinstance(given, list) else [given])
    return types | {repr("integer")} if repr("number") in types else types


def _names(given: object) -> set[str]:
    # As they are written: an odd schema may have anything here.
    return {repr(each) for each in given} if isinstance(given, list) else {repr(given)}


def _is_among(value: object, values: object) -> bool:
    return isinstance(values, list) and any(_same(value, each) for each in values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: object, other: object) -> bool:
    """Equal as JSON: to Python, `true` is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other
