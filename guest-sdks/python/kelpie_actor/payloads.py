"""Values of one's own as payloads, and back."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import uuid
from typing import Any

from kelpie_actor.codec.codec import Mismatch
from kelpie_actor.codec.hints import codec_of
from kelpie_actor.host import Payload
from kelpie_actor.json_text import JsonError, check_text, read_json, write_json

__all__ = ["argument_payload", "typed_value", "written"]


def typed_value(payload: Payload, kind: Any, what: str) -> Any:
    """A payload as a value of this type; `bytes` is the binary lane.

    Raises:
        ValueError: it is none.
    """
    if isinstance(payload, bytes):
        if kind is bytes or kind is Any:
            return payload
        raise ValueError(f"{what} is bytes, not JSON")
    if kind is bytes:
        raise ValueError(f"{what} is text, not bytes")
    try:
        return codec_of(kind).decode(read_json(payload))
    except (JsonError, Mismatch) as error:
        raise ValueError(f"{what}: {error}") from error


def written(value: object) -> str:
    """A value in JSON: dataclasses by their type hints, and all that they may contain.

    Raises:
        TypeError, ValueError: it cannot be JSON.
    """
    return check_text(write_json(_plain(value)))


def argument_payload(argument: object) -> Payload:
    """The argument of a message: bytes as they are, nothing for None, else JSON."""
    if isinstance(argument, bytes):
        return argument
    return "" if argument is None else written(argument)


def _plain(value: object) -> object:
    """The same of dicts, lists and what else JSON has."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return [_plain(each) for each in value]
    is_record = dataclasses.is_dataclass(value) and not isinstance(value, type)
    if is_record or isinstance(value, enum.Enum | uuid.UUID | datetime.date):
        try:
            return read_json(codec_of(type(value)).encode(value))
        except Mismatch as error:
            raise TypeError(f"{type(value).__name__}: {error}") from error
    return value
