"""Codecs of single values."""

from __future__ import annotations

import base64
import binascii
import datetime
import enum
import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from kelpie_actor.codec.codec import Codec, Mismatch, kind_of
from kelpie_actor.json_text import as_text, write_json

__all__ = ["ANY", "SCALARS", "Range", "choice_codec", "enum_codec", "range_codec"]

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1


def _decode_int(value: Any) -> int:
    if type(value) is int:
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return value
        raise Mismatch("is outside the range of a 64-bit integer")
    raise Mismatch(f"must be an integer, not {_told(value)}")


def _encode_int(value: Any) -> str:
    return int.__repr__(_decode_int(value))


def _decode_float(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise Mismatch("is outside the range of a number") from None
    raise Mismatch(f"must be a number, not {_told(value)}")


def _encode_float(value: Any) -> str:
    number = _decode_float(value)
    if number - number != 0.0:
        raise Mismatch(f"is {number}, which JSON cannot carry")
    return float.__repr__(number)


def _decode_str(value: Any) -> str:
    if type(value) is str:
        return value
    raise Mismatch(f"must be a string, not {_told(value)}")


def _encode_str(value: Any) -> str:
    return as_text(_decode_str(value))


def _decode_bool(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise Mismatch(f"must be true or false, not {_told(value)}")


def _encode_bool(value: Any) -> str:
    return "true" if _decode_bool(value) else "false"


def _decode_none(value: Any) -> None:
    if value is not None:
        raise Mismatch(f"must be null, not {_told(value)}")


def _encode_none(value: Any) -> str:
    if value is not None:
        _decode_none(value)
    return "null"


def _identity(value: Any) -> Any:
    return value


def _encode_any(value: Any) -> str:
    try:
        return write_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise Mismatch(f"cannot be JSON: {error}") from error


def _told(value: object) -> str:
    """What there is instead; `1.0` is shown, since it looks like an integer."""
    return f"{value!r}" if type(value) is float else kind_of(value)


def _parsed_codec(
    kind: type, what: str, parse: Callable[[str], Any], write: Callable[[Any], str], format_: str
) -> Codec:
    """A type that travels as a string of a form of its own."""

    def decode(value: Any) -> Any:
        if type(value) is str:
            try:
                return parse(value)
            except ValueError:
                pass
        raise Mismatch(f"must be {what}")

    def encode(value: Any) -> str:
        if not isinstance(value, kind):
            raise Mismatch(f"must be a {kind.__name__}, not {kind_of(value)}")
        return as_text(write(value))

    return Codec(decode, encode, {"type": "string", "format": format_})


def _parse_time(text: str) -> datetime.datetime:
    if "T" not in text and "t" not in text:
        raise ValueError
    found = datetime.datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError
    return found


def _write_time(value: datetime.datetime) -> str:
    if value.tzinfo is None:
        raise Mismatch("is a datetime without a time zone: use datetime.timezone.utc")
    text = value.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _parse_uuid(text: str) -> uuid.UUID:
    found = uuid.UUID(text)
    if str(found) != text.lower():
        raise ValueError
    return found


def _decode_bytes(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    if type(value) is str:
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            pass
    raise Mismatch("must be a string of base64")


def _encode_bytes(value: Any) -> str:
    if not isinstance(value, bytes | bytearray):
        raise Mismatch(f"must be bytes, not {kind_of(value)}")
    return f'"{base64.b64encode(value).decode()}"'


ANY = Codec(_identity, _encode_any, {})

SCALARS: dict[Any, Codec] = {
    int: Codec(
        _decode_int,
        _encode_int,
        {"type": "integer", "format": "int64"},
        is_ascii=True,
        inline="int",
    ),
    float: Codec(_decode_float, _encode_float, {"type": "number"}, is_ascii=True),
    str: Codec(_decode_str, _encode_str, {"type": "string"}, inline="str"),
    bool: Codec(_decode_bool, _encode_bool, {"type": "boolean"}, is_ascii=True, inline="bool"),
    type(None): Codec(_decode_none, _encode_none, {"type": "null"}, is_ascii=True),
    None: Codec(_decode_none, _encode_none, {"type": "null"}, is_ascii=True),
    Any: ANY,
    object: ANY,
    bytes: Codec(
        _decode_bytes,
        _encode_bytes,
        {"type": "string", "contentEncoding": "base64"},
        is_bytes=True,
    ),
    datetime.datetime: _parsed_codec(
        datetime.datetime,
        "a time with its zone, like 2026-01-31T12:00:00Z",
        _parse_time,
        _write_time,
        "date-time",
    ),
    datetime.date: _parsed_codec(
        datetime.date,
        "a date, like 2026-01-31",
        datetime.date.fromisoformat,
        datetime.date.isoformat,
        "date",
    ),
    uuid.UUID: _parsed_codec(uuid.UUID, "a UUID in its usual form", _parse_uuid, str, "uuid"),
}


class Range(NamedTuple):
    """The integers that are taken: `Annotated[int, Range(0, 100)]`; both ends are."""

    least: int
    most: int


def range_codec(taken: Range) -> Codec:
    """An integer of a range within that of 64 bits, with or without a sign."""

    def decode(value: Any) -> int:
        if type(value) is int:
            if taken.least <= value <= taken.most:
                return value
            raise Mismatch(f"must be {taken.least} to {taken.most}")
        return _decode_int(value)

    def encode(value: Any) -> str:
        return int.__repr__(decode(value))

    schema = {"type": "integer", "minimum": taken.least, "maximum": taken.most}
    return Codec(decode, encode, schema)


def choice_codec(values: Iterable[Any]) -> Codec:
    """One of some values: those of a `Literal`."""
    allowed = {(type(value), value): json.dumps(value, ensure_ascii=False) for value in values}
    plain = [value for _, value in allowed]
    names = ", ".join(allowed.values())

    def decode(value: Any) -> Any:
        try:
            if (type(value), value) in allowed:
                return value
        except TypeError:  # not hashable: an array or object
            pass
        raise Mismatch(f"must be one of {names}")

    def encode(value: Any) -> str:
        decode(value)
        return allowed[type(value), value]

    return Codec(decode, encode, {"enum": plain})


def enum_codec(kind: type[enum.Enum]) -> Codec:
    """A member of an enumeration, which travels as its value."""
    by_value = {(type(member.value), member.value): member for member in kind}
    inner = choice_codec(member.value for member in kind)

    def decode(value: Any) -> enum.Enum:
        inner.decode(value)
        return by_value[type(value), value]

    def encode(value: Any) -> str:
        if not isinstance(value, kind):
            raise Mismatch(f"must be a {kind.__name__}, not {kind_of(value)}")
        return inner.encode(value.value)

    return Codec(decode, encode, inner.schema)
