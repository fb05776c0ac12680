"""What somebody makes by hand of what stands in a bundle."""

from __future__ import annotations

from typing import Any

from kelpie.ids import Payload
from kelpie.journal.values import Digest

__all__ = ["altered"]


def altered(value: Any) -> Any:
    """Another value, of the same sort where it is of any."""
    match value:
        case None:
            return "something"
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "x"
        case bytes():
            return value + b"x"
        case Payload():
            return Payload(value.is_text, value.data + b" ")
        case Digest():
            return Digest(value.size + 1, value.digest)
        case dict():
            return {**value, "MORE": "x"}
        case tuple():
            return (altered(value[0]), *value[1:]) if value else ("something",)
    raise AssertionError(value)
