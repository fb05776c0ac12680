"""Arguments made from a JSON Schema, as the tape chooses.

Understood: `const`, `enum`, `examples`, `default`, `oneOf` and `anyOf`, and the
types null, boolean, integer, number, string, array and object with their usual
bounds. Anything else counts as absent: what a component says of itself is help,
not law, and it has to stand an argument that it did not expect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from kelpie.ids import Payload, text
from kelpie.sim.tape import Tape

__all__ = ["Json", "argument", "encoded", "value"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_LABEL: Final = "workload/argument"
_SMALL: Final = 10
_ITEMS_MAX: Final = 3
_DEPTH_MAX: Final = 6
_LETTERS: Final = "abcdefghij"
# How often in a hundred a bound is chosen, or another example than those given.
_EDGE_PER_CENT: Final = 10


def argument(tape: Tape, schema: object) -> Payload:
    """A payload for an operation whose argument has this schema. An absent
    argument, or null, is the empty text."""
    return text(encoded(value(tape, schema)))


def encoded(chosen: Json) -> str:
    """A value as clients send it: JSON, and nothing for null."""
    return "" if chosen is None else json.dumps(chosen, separators=(",", ":"))


def value(tape: Tape, schema: object, depth: int = 0) -> Json:
    """A value that fits the schema, as far as it is understood."""
    if not isinstance(schema, Mapping) or depth > _DEPTH_MAX:
        return None
    if "const" in schema:
        return _plain(schema["const"])
    for key in ("enum", "examples"):
        choices = schema.get(key)
        if isinstance(choices, Sequence) and choices:
            # Mostly what the component names itself; other values find the edges.
            if key == "examples" and tape.draw(_LABEL, 100) >= 100 - _EDGE_PER_CENT:
                break
            return _plain(_pick(tape, choices))
    for key in ("oneOf", "anyOf"):
        choices = schema.get(key)
        if isinstance(choices, Sequence) and choices:
            return value(tape, _pick(tape, choices), depth + 1)
    return _of_type(tape, schema, depth)


def _of_type(tape: Tape, schema: Mapping[str, object], depth: int) -> Json:
    kind = schema.get("type", "object" if "properties" in schema else "null")
    if isinstance(kind, Sequence) and not isinstance(kind, str):
        kind = _pick(tape, kind) if kind else "null"
    match kind:
        case "boolean":
            return tape.draw(_LABEL, 2) == 1
        case "integer":
            return _integer(tape, schema)
        case "number":
            return _integer(tape, schema) + tape.draw(_LABEL, 4) / 4
        case "string":
            return _string(tape, schema)
        case "array":
            low, high = _bounds(schema, "minItems", "maxItems", 0, _ITEMS_MAX)
            count = tape.between(_LABEL, low, high)
            return [value(tape, schema.get("items"), depth + 1) for _ in range(count)]
        case "object":
            return _object(tape, schema, depth)
    return None


def _integer(tape: Tape, schema: Mapping[str, object]) -> int:
    """Mostly small: then the same values come again, and operations meet."""
    low, high = _whole(schema.get("minimum")), _whole(schema.get("maximum"))
    edges = [each for each in (low, high) if each is not None]
    if edges and tape.draw(_LABEL, 100) >= 100 - _EDGE_PER_CENT:
        return edges[tape.draw(_LABEL, len(edges))]
    if low is None or low < 0:
        low = max(low or 0, -_SMALL) if high is None or high >= 0 else high - _SMALL
    if high is None or high > low + 2 * _SMALL:
        high = low + 2 * _SMALL
    return tape.between(_LABEL, low, max(low, high))


def _string(tape: Tape, schema: Mapping[str, object]) -> str:
    low, high = _bounds(schema, "minLength", "maxLength", 1, _SMALL)
    # Few different ones, for the same reason.
    return _LETTERS[tape.draw(_LABEL, 3)] * tape.between(_LABEL, low, min(high, low + 2))


def _object(tape: Tape, schema: Mapping[str, object], depth: int) -> Json:
    properties = schema.get("properties")
    required = schema.get("required")
    if not isinstance(properties, Mapping):
        return {}
    needed = set(required) if isinstance(required, Sequence) else set()
    return {
        str(name): value(tape, inner, depth + 1)
        for name, inner in properties.items()
        if name in needed or tape.draw(_LABEL, 2) == 1
    }


def _bounds(
    schema: Mapping[str, object], low_key: str, high_key: str, low: int, high: int
) -> tuple[int, int]:
    lowest, highest = _whole(schema.get(low_key)), _whole(schema.get(high_key))
    low = low if lowest is None else max(0, lowest)
    if highest is not None:
        low, high = min(low, highest), highest
    return low, max(low, min(high, low + _SMALL))


def _whole(bound: object) -> int | None:
    return int(bound) if isinstance(bound, int | float) and not isinstance(bound, bool) else None


def _pick(tape: Tape, choices: Sequence[object]) -> object:
    return choices[tape.draw(_LABEL, len(choices))]


def _plain(given: object) -> Json:
    """A value that came out of JSON before."""
    plain: Json = json.loads(json.dumps(given))
    return plain
