"""What a program gives an operation, as its argument."""

from __future__ import annotations

import json
from typing import Any

from kelpie.api.typed.description import Described
from kelpie.errors import InvalidArgument

__all__ = ["argument_of", "check_argument"]


def argument_of(operation: str, given: tuple[Any, ...], members: dict[str, Any]) -> Any:
    """One value is the argument as it is, names are its members, and nothing is None.

    Raises:
        InvalidArgument: there are several values, or values and names.
    """
    if len(given) > 1 or (given and members):
        raise InvalidArgument(
            f"{operation} takes one value, or the members of its argument by name, as in "
            f"{operation}(amount=5)",
            operation=operation,
        )
    return given[0] if given else members or None


def check_argument(described: Described, argument: Any) -> None:
    """Raises:
    InvalidArgument: it is not what the operation takes.
    """
    wrong = _wrong(described, argument)
    if wrong is not None:
        raise InvalidArgument(
            f"{described.name} does not take this argument: {wrong}", operation=described.name
        )


def _wrong(described: Described, argument: Any) -> str | None:
    if isinstance(argument, bytes):
        takes_bytes = described.argument is None or described.takes_bytes
        return None if takes_bytes else "it takes JSON, and bytes were given"
    if described.takes_bytes:
        is_nothing = argument is None
        return None if is_nothing else f"it takes bytes, not {type(argument).__name__}"
    try:
        # As the actor will see it: a tuple is a list by then.
        value = json.loads(json.dumps(argument, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        return f"JSON has no such value: {error}"
    wrong = described.mismatch(value)
    if wrong is None or argument is not None:
        return wrong
    # Nothing at all also stands for an object without members.
    return None if described.mismatch({}) is None else described.mismatch({})
