"""What JSON Schemas are put together of."""

from __future__ import annotations

from typing import Any

__all__ = [
    "COUNT",
    "DIGEST",
    "FLAG",
    "MOMENT",
    "NUMBER",
    "SCHEMA",
    "Schema",
    "TEXT",
    "list_of",
    "object_of",
    "or_null",
    "ref",
]

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "integer", "minimum": 1}
SCHEMA: Schema = {
    "type": ["object", "boolean", "null"],
    "description": "A JSON Schema, as the component has it",
}


def ref(name: str) -> Schema:
    """A reference to a shape."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(**members: Schema) -> Schema:
    """An object that has all these members."""
    return {"type": "object", "properties": members, "required": list(members)}


def list_of(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


DIGEST: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
