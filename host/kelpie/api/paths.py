"""A raw request path, taken apart.

Segments are decoded one by one, so that an actor's key may hold anything:
slashes, NUL, emoji. Nothing is normalized: `a%2Fb` is one segment.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

from kelpie.errors import InvalidRequest

__all__ = ["DEFAULT_NAMESPACE", "Target", "decode_segment", "split_target"]

DEFAULT_NAMESPACE = "default"

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ABSOLUTE = re.compile(r"https?://[^/?]*", re.IGNORECASE)


class Target(NamedTuple):
    """What a request asks for: its path, still encoded, and the namespace."""

    segments: list[str]
    namespace: str


def split_target(raw: str) -> Target:
    """Takes a request's target apart: `/v1/kinds?namespace=x`, or a whole URL.

    Raises:
        InvalidRequest: it is no path, or its query has a parameter that nobody
            knows, or one twice.
    """
    if not raw.startswith("/"):
        raw = _ABSOLUTE.sub("", raw, count=1) or "/"
        if not raw.startswith("/"):
            raise InvalidRequest("the request's target must be a path that begins with '/'")
    path, _, query = raw.partition("?")
    return Target(path.split("/")[1:], _namespace(query) if query else DEFAULT_NAMESPACE)


def decode_segment(raw: str) -> str:
    """Raises:
    InvalidRequest: a '%' is not followed by two hex digits, or what they encode
        is not UTF-8.
    """
    if raw.isascii() and "%" not in raw:
        return raw
    if _BAD_ESCAPE.search(raw):
        raise InvalidRequest(
            f"in {_shown(raw)} a '%' is not followed by two hex digits: write '%25' for the "
            "character itself"
        )
    try:
        # The parser hands on bytes that are no UTF-8 as lone surrogates.
        return unquote_to_bytes(raw.encode("utf-8", "surrogateescape")).decode()
    except UnicodeDecodeError:
        raise InvalidRequest(
            f"{_shown(raw)} is not UTF-8: encode a name's UTF-8 bytes, each as %XX"
        ) from None


def _namespace(query: str) -> str:
    namespace = None
    for name, value in parse_qsl(query, keep_blank_values=True, encoding="utf-8"):
        if name != "namespace":
            raise InvalidRequest(
                f"there is no query parameter {_shown(name)}: only 'namespace' is known"
            )
        if namespace is not None:
            raise InvalidRequest("the query names a namespace twice: name one")
        namespace = value
    return DEFAULT_NAMESPACE if namespace is None else namespace


def _shown(text: str) -> str:
    return ascii(text[:80])
