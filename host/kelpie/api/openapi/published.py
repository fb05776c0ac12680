"""A component's JSON Schema, made fit for a document that others read.

Components come from strangers. A schema in the document is one of JSON Schema
2020-12, whole in itself and bounded: it refers to nothing outside of it, and
whoever follows its references comes to an end. One that is anything else is
not published; of what is, words that only say something to people, or that
are not JSON Schema's, are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from typing import Any
from urllib.parse import quote, unquote

from kelpie.limits import Limits

__all__ = ["Unpublishable", "plain", "published"]

_Pointer = tuple[str, ...]

_TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}
# What has a schema, a list of them, or some by name.
_ONE = {
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
}
_SEVERAL = {"allOf", "anyOf", "oneOf", "prefixItems"}
_NAMED = {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
# Of these the ones that judge the very value that the schema around them judges.
_IN_PLACE = {"allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "then"}
_DATA = {"const", "enum", "examples"}
_FOR_PEOPLE = {"description", "title"}
# What would make a reference mean another thing than it seems to.
_ELSEWHERE = {"$dynamicRef", "$id", "$recursiveRef"}


class Unpublishable(Exception):
    """Why a schema is not published."""


def plain(text: str) -> str:
    """A stranger's text for the document, whose texts are Markdown: HTML in it
    is only text."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def published(schema: object, place: str, limits: Limits) -> dict[str, Any]:
    """The schema as it stands in the document at `place`, a JSON pointer.

    Raises:
        Unpublishable
    """
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    publication = _Publication(place, limits)
    found = publication.root(schema)
    size = len(json.dumps(found))
    if size > limits.openapi_schema_bytes_max:
        raise Unpublishable(f"it has {size} bytes: more than openapi_schema_bytes_max")
    return found


class _Publication:
    """Walks through one schema."""

    def __init__(self, place: str, limits: Limits) -> None:
        self._place = place
        self._limits = limits
        # Where there are schemas, and which each of them leads to for the same value.
        self._leads_to: dict[_Pointer, list[_Pointer]] = {}
        self._references: list[_Pointer] = []

    def root(self, schema: object) -> dict[str, Any]:
        if not isinstance(schema, dict):
            raise Unpublishable("it is no schema")
        # Without references nobody minds what the whole is called.
        whole = {word: given for word, given in schema.items() if word != "$id"}
        found = self._schema(whole, ())
        assert isinstance(found, dict)
        for target in self._references:
            if target not in self._leads_to:
                raise Unpublishable(f"a $ref leads to {_shown(target)}, where no schema is")
        self._check_ends()
        return found

    def _schema(self, schema: object, at: _Pointer) -> dict[str, Any] | bool:
        self._check_depth(len(at))
        self._leads_to[at] = []
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            raise Unpublishable(f"at {_shown(at)} is no schema")
        found: dict[str, Any] = {}
        for word, given in schema.items():
            if word in _ELSEWHERE:
                raise Unpublishable(f"it has {word} at {_shown(at)}")
            if word == "$ref":
                found[word] = self._reference(given, at)
            elif word in _ONE:
                found[word] = self._below(word, given, at, word)
            elif word in _SEVERAL:
                found[word] = self._several(word, given, at)
            elif word in _NAMED:
                found[word] = self._named(word, given, at)
            elif word in _DATA:
                found[word] = self._data(word, given, at)
            elif word in _VALUES:
                if not _VALUES[word](given):
                    raise Unpublishable(f"{word} at {_shown(at)} is not as JSON Schema has it")
                found[word] = plain(given) if word in _FOR_PEOPLE else given
        return found

    def _below(
        self, word: str, given: object, at: _Pointer, *further: str
    ) -> dict[str, Any] | bool:
        below = (*at, *further)
        if word in _IN_PLACE:
            self._leads_to[at].append(below)
        return self._schema(given, below)

    def _several(self, word: str, given: object, at: _Pointer) -> list[dict[str, Any] | bool]:
        if not isinstance(given, list) or not given:
            raise Unpublishable(f"{word} at {_shown(at)} is no list of schemas")
        return [self._below(word, each, at, word, str(i)) for i, each in enumerate(given)]

    def _named(self, word: str, given: object, at: _Pointer) -> dict[str, dict[str, Any] | bool]:
        if not isinstance(given, dict):
            raise Unpublishable(f"{word} at {_shown(at)} has no schemas by name")
        if word == "patternProperties" and not all(map(_is_pattern, given)):
            raise Unpublishable(f"{word} at {_shown(at)} has a pattern that cannot be read")
        return {name: self._below(word, each, at, word, name) for name, each in given.items()}

    def _data(self, word: str, given: object, at: _Pointer) -> object:
        """Values as they are, in which nobody takes anything for a reference."""
        if word != "const" and not isinstance(given, list):
            raise Unpublishable(f"{word} at {_shown(at)} is no list")
        waiting = [(given, len(at))]
        while waiting:
            value, depth = waiting.pop()
            self._check_depth(depth)
            if isinstance(value, dict):
                if "$ref" in value:
                    raise Unpublishable(f"{word} at {_shown(at)} has a $ref in it")
                waiting += [(each, depth + 1) for each in value.values()]
            elif isinstance(value, list):
                waiting += [(each, depth + 1) for each in value]
        return given

    def _check_depth(self, depth: int) -> None:
        if depth > self._limits.openapi_schema_depth_max:
            raise Unpublishable("it is deeper than openapi_schema_depth_max")

    def _reference(self, given: object, at: _Pointer) -> str:
        """A reference into the schema itself, as one into the document."""
        if not isinstance(given, str) or not (given == "#" or given.startswith("#/")):
            raise Unpublishable(f"the $ref at {_shown(at)} leads out of it")
        parts = unquote(given).split("/")[1:]
        target = tuple(each.replace("~1", "/").replace("~0", "~") for each in parts)
        self._leads_to[at].append(target)
        self._references.append(target)
        return "/".join([self._place, *map(_token, target)])

    def _check_ends(self) -> None:
        """That whoever judges one value comes to an end, and soon.

        Raises:
            Unpublishable
        """
        steps: dict[_Pointer, int] = {}
        try:
            for at in TopologicalSorter(self._leads_to).static_order():
                steps[at] = 1 + sum(steps[each] for each in self._leads_to[at])
                if steps[at] > self._limits.openapi_schema_steps_max:
                    raise Unpublishable("it takes more than openapi_schema_steps_max to follow")
        except CycleError as error:
            raise Unpublishable(
                f"it goes round in a circle at {_shown(error.args[1][0])}"
            ) from None


def _token(part: str) -> str:
    return quote(part.replace("~", "~0").replace("/", "~1"), safe="~$")


def _shown(at: _Pointer) -> str:
    return ascii("/".join(["#", *at])[:80])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_pattern(value: object) -> bool:
    """Whether it is a regular expression to JavaScript's readers and Python's."""
    if not isinstance(value, str):
        return False
    try:
        re.compile(value)
    # A warning is one where warnings are errors.
    except (re.error, RecursionError, OverflowError, Warning):
        return False
    return True


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _are_names_by_name(value: object) -> bool:
    return isinstance(value, dict) and all(map(_are_names, value.values()))


def _are_types(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and _are_names(value) and set(value) <= _TYPES
    return isinstance(value, str) and value in _TYPES


_VALUES: dict[str, Callable[[object], bool]] = {
    "contentEncoding": _is_text,
    "contentMediaType": _is_text,
    "dependentRequired": _are_names_by_name,
    "deprecated": _is_flag,
    "description": _is_text,
    "exclusiveMaximum": _is_number,
    "exclusiveMinimum": _is_number,
    "format": _is_text,
    "maxContains": _is_count,
    "maxItems": _is_count,
    "maxLength": _is_count,
    "maxProperties": _is_count,
    "maximum": _is_number,
    "minContains": _is_count,
    "minItems": _is_count,
    "minLength": _is_count,
    "minProperties": _is_count,
    "minimum": _is_number,
    "multipleOf": lambda value: _is_number(value) and value > 0,  # type: ignore[operator]
    "pattern": _is_pattern,
    "readOnly": _is_flag,
    "required": _are_names,
    "title": _is_text,
    "type": _are_types,
    "uniqueItems": _is_flag,
    "writeOnly": _is_flag,
}
