"""An actor has refused an operation that its component never said it has."""

from __future__ import annotations

import json
from collections.abc import Collection

from kelpie.api.nearest_name import nearest_name
from kelpie.errors import ActorRejected

__all__ = ["operation_of_line", "taught"]

_SHOWN_MAX = 80


def taught(error: ActorRejected, operation: str, known: Collection[str]) -> ActorRejected:
    """The same refusal; if the component declares operations, and not this one, it also
    says which it declares: `details["known"]`, and the nearest in its message. Whether
    it has others is the actor's to say: so it is asked, and only then this is told."""
    if not known or operation in known:
        return error
    hint = nearest_name(operation, known, "declared")
    told = ActorRejected(
        error.rejection_code,
        f"{error.message} (the component declares no operation {operation[:_SHOWN_MAX]!r}; {hint})",
    )
    told.details.update(error.details)
    told.details["known"] = list(known)
    return told


def operation_of_line(lines: bytes, index: object) -> str | None:
    """What the line of a batch asks for, if it is one that asks for something."""
    found = lines.split(b"\n")
    if not isinstance(index, int) or index >= len(found):
        return None
    try:
        line = json.loads(found[index])
    except (ValueError, RecursionError):
        return None
    operation = line.get("operation") if isinstance(line, dict) else None
    return operation if isinstance(operation, str) else None
