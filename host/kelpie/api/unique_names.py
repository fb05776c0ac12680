"""JSON in which no object has a name twice: of two values one would be taken, and
whoever looks at the text may see the other."""

from __future__ import annotations

import json

from kelpie.errors import InvalidRequest

__all__ = ["parse_unique"]


def parse_unique(text: bytes) -> object:
    """
    Raises:
        InvalidRequest: an object has a name twice. It says nothing of the text, which
            may be secret.
        ValueError, RecursionError: it is no JSON, or nested too deep.
    """
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidRequest("the body has a name twice: give it once")
    return found
