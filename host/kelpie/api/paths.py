"""A raw request path, taken apart.

Segments are decoded one by one, so that an actor's key may hold anything:
slashes, NUL, emoji. Nothing is normalized: `a%2Fb` is one segment.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

from kelpie.errors import InvalidRequest
from kelpie.ids import check_name
from kelpie.limits import Limits

__all__ = [
    "DEFAULT_NAMESPACE",
    "Target",
    "authority_of",
    "decode_segment",
    "number_of",
    "split_target",
]

DEFAULT_NAMESPACE = "default"

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ABSOLUTE = re.compile(r"https?://[^/?]*", re.IGNORECASE)


class Target(NamedTuple):
    """What a request asks for: its path, still encoded, the namespace, and the
    other parameters of its query."""

    segments: list[str]
    namespace: str
    parameters: Mapping[str, str] = MappingProxyType({})
    names_namespace: bool = False
    """Whether the query says which namespace."""

    def kind(self, limits: Limits) -> str:
        """The kind that the path names behind its first two segments.

        Raises:
            InvalidRequest, InvalidAddress: it is no name, or the namespace is none.
        """
        kind = decode_segment(self.segments[2])
        check_name("namespace", self.namespace, limits)
        check_name("kind", kind, limits)
        return kind

    def check_parameters(self, known: Collection[str]) -> None:
        """Raises:
        InvalidRequest: the query has a parameter that is not among these.
        """
        for name in self.parameters:
            if name not in known:
                every = " and ".join(map(repr, ("namespace", *sorted(known))))
                raise InvalidRequest(
                    f"there is no query parameter {_shown(name)} here: only {every}"
                )

    def flag(self, name: str) -> bool:
        """Whether a parameter is `true`; it is `false` where it is not given.

        Raises:
            InvalidRequest: it is neither.
        """
        given = self.parameters.get(name, "false")
        if given not in {"true", "false"}:
            raise InvalidRequest(f"{name} is {_shown(given)}: write true or false")
        return given == "true"

    def number(self, name: str, maximum: int) -> int | None:
        """A parameter that is a number from 1 to `maximum`, if it is given.

        Raises:
            InvalidRequest: it is none.
        """
        given = self.parameters.get(name)
        return None if given is None else number_of(name, given, maximum)


def split_target(raw: str) -> Target:
    """Takes a request's target apart: `/v1/kinds?namespace=x`, or a whole URL.

    Raises:
        InvalidRequest: it is no path, or its query is not percent-encoded UTF-8,
            or names a parameter twice.
    """
    if not raw.startswith("/"):
        raw = _ABSOLUTE.sub("", raw, count=1) or "/"
        if not raw.startswith("/"):
            raise InvalidRequest("the request's target must be a path that begins with '/'")
    path, _, query = raw.partition("?")
    segments = path.split("/")[1:]
    if not query:
        return Target(segments, DEFAULT_NAMESPACE)
    parameters = _parameters(query)
    namespace = parameters.pop("namespace", None)
    if namespace is None:
        return Target(segments, DEFAULT_NAMESPACE, parameters)
    return Target(segments, namespace, parameters, names_namespace=True)


def authority_of(raw: str) -> str | None:
    """The host that a request's target names, with its port; None if it is a path alone."""
    found = _ABSOLUTE.match(raw)
    return None if found is None else found[0].partition("://")[2]


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


def number_of(name: str, given: str, maximum: int) -> int:
    """A number from 1 to `maximum`, in digits.

    Raises:
        InvalidRequest: it is none.
    """
    is_number = given.isascii() and given.isdigit() and len(given) <= len(str(maximum))
    if not is_number or not 1 <= int(given) <= maximum:
        raise InvalidRequest(f"{name} is {_shown(given)}: write a number from 1 to {maximum}")
    return int(given)


def _parameters(query: str) -> dict[str, str]:
    if not query.isascii() or _BAD_ESCAPE.search(query):
        raise InvalidRequest(
            f"the query {_shown(query)} is not percent-encoded: write %XX for each byte, and "
            "'%25' for a '%'"
        )
    found: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest(f"the query {_shown(query)} is not UTF-8") from None
    for name, value in pairs:
        if name in found:
            raise InvalidRequest(f"the query has {_shown(name)} twice: give it once")
        found[name] = value
    return found


def _shown(text: str) -> str:
    return ascii(text[:80])
