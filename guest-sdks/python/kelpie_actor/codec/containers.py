"""Codecs of arrays, objects used as maps, and alternatives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kelpie_actor.codec.codec import Codec, Mismatch, Schema, SchemaWriter, kind_of
from kelpie_actor.json_text import as_text

__all__ = ["list_codec", "map_codec", "set_codec", "tuple_codec", "union_codec"]


def _decode_each(values: Iterable[Any], item: Codec) -> list[Any]:
    decode, found = item.decode, []
    for index, value in enumerate(values):
        try:
            found.append(decode(value))
        except Mismatch as error:
            raise error.below(f"[{index}]") from None
    return found


def _encode_each(values: Iterable[Any], item: Codec) -> str:
    encode, written = item.encode, []
    for index, value in enumerate(values):
        try:
            written.append(encode(value))
        except Mismatch as error:
            raise error.below(f"[{index}]") from None
    return f"[{','.join(written)}]"


def list_codec(item: Codec) -> Codec:
    def decode(value: Any) -> list[Any]:
        if type(value) is not list:
            raise Mismatch(f"must be an array, not {kind_of(value)}")
        return _decode_each(value, item)

    def encode(value: Any) -> str:
        if not isinstance(value, list | tuple):
            raise Mismatch(f"must be a list, not {kind_of(value)}")
        return _encode_each(value, item)

    def schema(writer: SchemaWriter) -> Schema:
        return {"type": "array", "items": item.write_schema(writer)}

    return Codec(decode, encode, schema)


def set_codec(item: Codec, kind: type) -> Codec:
    """Travels as an array in order, so that equal sets are written alike."""

    def decode(value: Any) -> Any:
        if type(value) is not list:
            raise Mismatch(f"must be an array, not {kind_of(value)}")
        found = kind(_decode_each(value, item))
        if len(found) != len(value):
            raise Mismatch("has a value twice")
        return found

    def encode(value: Any) -> str:
        if not isinstance(value, set | frozenset):
            raise Mismatch(f"must be a set, not {kind_of(value)}")
        return _encode_each(sorted(value), item)

    def schema(writer: SchemaWriter) -> Schema:
        return {"type": "array", "items": item.write_schema(writer), "uniqueItems": True}

    return Codec(decode, encode, schema)


def tuple_codec(items: Sequence[Codec]) -> Codec:
    """An array of fixed length, each place with a type of its own."""

    def check(value: Any) -> None:
        if len(value) != len(items):
            raise Mismatch(f"must have {len(items)} values, not {len(value)}")

    def decode(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise Mismatch(f"must be an array, not {kind_of(value)}")
        check(value)
        return tuple(
            _at(index, item.decode, each)
            for index, (item, each) in enumerate(zip(items, value, strict=True))
        )

    def encode(value: Any) -> str:
        if not isinstance(value, tuple):
            raise Mismatch(f"must be a tuple, not {kind_of(value)}")
        check(value)
        written = (
            _at(index, item.encode, each)
            for index, (item, each) in enumerate(zip(items, value, strict=True))
        )
        return f"[{','.join(written)}]"

    def schema(writer: SchemaWriter) -> Schema:
        return {
            "type": "array",
            "prefixItems": [item.write_schema(writer) for item in items],
            "minItems": len(items),
            "maxItems": len(items),
        }

    return Codec(decode, encode, schema)


def _at(index: int, convert: Any, value: Any) -> Any:
    try:
        return convert(value)
    except Mismatch as error:
        raise error.below(f"[{index}]") from None


def map_codec(item: Codec) -> Codec:
    """An object whose names are not known before: `dict[str, T]`."""

    def decode(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise Mismatch(f"must be an object, not {kind_of(value)}")
        convert, found = item.decode, {}
        for name, each in value.items():
            try:
                found[name] = convert(each)
            except Mismatch as error:
                raise error.below(name) from None
        return found

    def encode(value: Any) -> str:
        if not isinstance(value, dict):
            raise Mismatch(f"must be a dict, not {kind_of(value)}")
        convert, written = item.encode, []
        for name, each in value.items():
            if not isinstance(name, str):
                raise Mismatch(f"has a key that is no str: {name!r}")
            try:
                written.append(f"{as_text(name)}:{convert(each)}")
            except Mismatch as error:
                raise error.below(name) from None
        return f"{{{','.join(written)}}}"

    def schema(writer: SchemaWriter) -> Schema:
        return {"type": "object", "additionalProperties": item.write_schema(writer)}

    return Codec(decode, encode, schema)


def union_codec(alternatives: Sequence[Codec]) -> Codec:
    """The first alternative that fits."""

    def decode(value: Any) -> Any:
        return _first("decode", value)

    def encode(value: Any) -> str:
        written: str = _first("encode", value)
        return written

    def _first(convert: str, value: Any) -> Any:
        refusals = []
        for each in alternatives:
            try:
                return getattr(each, convert)(value)
            except Mismatch as error:
                refusals.append(error)
        # The one that came furthest is most likely the one that was meant.
        deepest = max(refusals, key=lambda each: each.where.count("."))
        if deepest.where:
            raise deepest
        raise Mismatch(", or ".join(dict.fromkeys(each.message for each in refusals)))

    def schema(writer: SchemaWriter) -> Schema:
        return {"anyOf": [each.write_schema(writer) for each in alternatives]}

    return Codec(decode, encode, schema)
