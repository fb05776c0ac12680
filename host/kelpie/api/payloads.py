"""Bodies and their types: a request's body becomes a payload, a payload a response's.

Text passes through as it is. That it is UTF-8 is checked; that a body declared
as JSON is JSON is left to the actor, which has to parse it anyhow.
"""

from __future__ import annotations

import json
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from kelpie.errors import UnsupportedMediaType
from kelpie.ids import Payload, binary, text

if TYPE_CHECKING:
    # Whoever asks a host waits for nothing of the engine's.
    from kelpie.wasm.turn import Manifest

__all__ = [
    "BUNDLE_TYPE",
    "BYTES_TYPE",
    "JSON_LINES_TYPE",
    "JSON_TYPE",
    "TEXT_TYPE",
    "check_lines_type",
    "is_json",
    "payload_of",
    "reply_type",
    "value_type",
]

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
BYTES_TYPE = "application/octet-stream"
BUNDLE_TYPE = "application/vnd.kelpie.bundle"
JSON_LINES_TYPE = "application/x-ndjson"

_TYPES_KEPT_MAX = 256
_UTF8 = {"utf-8", "utf8", "us-ascii"}
_LINES_TYPES = {JSON_LINES_TYPE, "application/jsonl", "application/json-lines"}
_EMPTY = Payload(True, b"")


class Lane(Enum):
    TEXT = "text"
    BYTES = "bytes"


def payload_of(content_type: str | None, body: bytes) -> Payload:
    """The argument that a request's body is.

    JSON and `text/*` are text, `application/octet-stream` is bytes, and no body
    without a type is an empty text.

    Raises:
        UnsupportedMediaType: any other type, or a charset that is not UTF-8.
        InvalidText: a text that is not UTF-8.
    """
    if content_type is None:
        if body:
            raise UnsupportedMediaType(
                f"the body has no Content-Type: send {JSON_TYPE}, text/plain or {BYTES_TYPE}"
            )
        return _EMPTY
    if _lane(content_type) is Lane.BYTES:
        return binary(body)
    return text(body)


def check_lines_type(content_type: str | None) -> None:
    """Raises:
    UnsupportedMediaType: it is not that of JSON lines.
    """
    media_type, _, parameters = (content_type or "").partition(";")
    if media_type.strip().lower() not in _LINES_TYPES:
        raise UnsupportedMediaType(
            f"send JSON lines, as {JSON_LINES_TYPE} (with curl: "
            f"-H 'Content-Type: {JSON_LINES_TYPE}' --data-binary @FILE)"
        )
    _check_charset(content_type or "", parameters)


def reply_type(payload: Payload, manifest: Manifest, operation: str) -> str:
    """The Content-Type of a reply.

    A text is JSON if the component's manifest gives the operation's result a
    schema, else plain text.
    """
    if not payload.is_text:
        return BYTES_TYPE
    known = manifest.operations.get(operation)
    return TEXT_TYPE if known is None or known.result is None else JSON_TYPE


def value_type(payload: Payload) -> str:
    """The Content-Type of a stored value: by what it is, for nobody declared it."""
    if not payload.is_text:
        return BYTES_TYPE
    return JSON_TYPE if is_json(payload.data) else TEXT_TYPE


def is_json(data: bytes) -> bool:
    """Whether it is JSON, as RFC 8259 has it."""
    try:
        # Numbers are left as they are written: they need fit nothing here.
        json.loads(data.decode(), parse_int=str, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


@lru_cache(_TYPES_KEPT_MAX)
def _lane(content_type: str) -> Lane:
    media_type, _, parameters = content_type.partition(";")
    media_type = media_type.strip().lower()
    if media_type == BYTES_TYPE:
        return Lane.BYTES
    if media_type == JSON_TYPE or media_type.endswith("+json") or media_type.startswith("text/"):
        _check_charset(content_type, parameters)
        return Lane.TEXT
    hint = ""
    if media_type == "application/x-www-form-urlencoded":
        hint = f" (with curl, add: -H 'Content-Type: {JSON_TYPE}')"
    raise UnsupportedMediaType(
        f"bodies of type {media_type[:80]!r} are not accepted: send {JSON_TYPE}, text/* or "
        f"{BYTES_TYPE}{hint}"
    )


def _check_charset(content_type: str, parameters: str) -> None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(" \"'").lower() not in _UTF8:
            raise UnsupportedMediaType(f"the charset of {content_type[:80]!r} is not UTF-8")
