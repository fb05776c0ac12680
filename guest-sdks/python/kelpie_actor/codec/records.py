"""Codecs of objects with known members: dataclasses and typed dicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from keyword import iskeyword
from typing import Any, NamedTuple

from kelpie_actor.codec.codec import Codec, Encode, Mismatch, Schema, SchemaWriter, kind_of
from kelpie_actor.codec.generated import record_writer
from kelpie_actor.json_text import as_text

__all__ = ["MISSING", "Field", "decode_members", "members_schema", "record_codec", "wire_name"]


class _Missing:
    """Stands for what is not there."""


MISSING = _Missing()


class Field(NamedTuple):
    """A member of an object, and the attribute, key or parameter that it is in Python."""

    name: str
    attribute: str
    codec: Codec
    default: Callable[[], Any] | None = None
    """What makes the value if it is left out; it is required if there is nothing."""
    doc: str = ""
    shown: Any = MISSING
    """The default as a schema shows it."""


def wire_name(attribute: str) -> str:
    """Its name in JSON: `from_` is `from`, since Python has that word for itself."""
    shorter = attribute.removesuffix("_")
    return shorter if iskeyword(shorter) else attribute


def decode_members(found: dict[str, Any], fields: Sequence[Field]) -> list[Any]:
    """The values of all fields, in their order; `MISSING` where there is no default.

    Raises:
        Mismatch: a member is unknown, missing, or of a wrong type.
    """
    values = []
    seen = 0
    for name, _, codec, default, _, _ in fields:
        value = found.get(name, MISSING)
        if value is MISSING:
            if default is None:
                raise Mismatch("is missing", name)
            values.append(default())
            continue
        seen += 1
        try:
            values.append(codec.decode(value))
        except Mismatch as error:
            raise error.below(name) from None
    if seen != len(found):
        known = [field.name for field in fields]
        unknown = next(name for name in found if name not in known)
        there_are = f"there is {', '.join(known)}" if known else "there are none"
        raise Mismatch(f"is an unknown member ({there_are})", unknown)
    return values


def members_schema(fields: Sequence[Field], writer: SchemaWriter) -> Schema:
    """The schema of an object with these members and no others."""
    properties = {}
    for field in fields:
        schema = field.codec.write_schema(writer)
        if field.doc:
            schema = {**schema, "description": field.doc}
        if field.shown is not MISSING:
            schema = {**schema, "default": field.shown}
        properties[field.name] = schema
    made: Schema = {"type": "object", "properties": properties}
    required = [field.name for field in fields if field.default is None]
    if required:
        made["required"] = required
    made["additionalProperties"] = False
    return made


def record_codec(
    name: str,
    kind: type,
    fields: Sequence[Field],
    construct: Callable[..., Any],
    read: Callable[[Any], Sequence[Any]],
    doc: str = "",
) -> Codec:
    """An object of known members. `read` has the values of one, in the fields' order,
    with `MISSING` for those to be left out; `construct` takes them by attribute."""
    attributes = [field.attribute for field in fields]
    starts = [f"{as_text(field.name)}:" for field in fields]
    encoders = [field.codec for field in fields]

    def decode(value: Any) -> Any:
        if type(value) is not dict:
            raise Mismatch(f"must be an object, not {kind_of(value)}")
        values = decode_members(value, fields)
        return construct(
            **{
                attribute: each
                for attribute, each in zip(attributes, values, strict=True)
                if each is not MISSING
            }
        )

    def encode(value: Any) -> str:
        if not isinstance(value, kind):
            raise Mismatch(f"must be a {name}, not {kind_of(value)}")
        written = []
        for index, each in enumerate(read(value)):
            if each is MISSING:
                continue
            try:
                written.append(starts[index] + encoders[index].encode(each))
            except Mismatch as error:
                raise error.below(attributes[index]) from None
        return f"{{{','.join(written)}}}"

    def schema(writer: SchemaWriter) -> Schema:
        def build(writer: SchemaWriter) -> Schema:
            made = members_schema(fields, writer)
            return {"description": doc, **made} if doc else made

        return writer.record(name, build)

    if any(field.default is not None and field.default() is MISSING for field in fields):
        return Codec(decode, encode, schema)
    names = [field.name for field in fields]

    def encode_within(before: str, after: str) -> Encode:
        return record_writer(kind, names, attributes, encoders, encode, (before, after))

    return Codec(
        decode,
        encode_within("", ""),
        schema,
        is_ascii="".join(names).isascii() and all(each.is_ascii for each in encoders),
        encode_within=encode_within,
    )
