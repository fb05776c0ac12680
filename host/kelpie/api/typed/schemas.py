"""Whether a value is what a JSON Schema asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

__all__ = ["Mismatch", "checker"]

Mismatch = Callable[[Any], str | None]
"""What is wrong with a value, for people; None if nothing is."""

_TOLD_MAX = 300


def checker(schema: object) -> Mismatch:
    """Of what is no schema, or leads elsewhere, nothing can be told: the actor itself
    refuses what it does not take."""
    if not isinstance(schema, dict | bool):
        return _anything
    found = validator_for(schema)
    try:
        found.check_schema(schema)
    except SchemaError:
        return _anything
    # One that leads elsewhere is not followed: nobody is asked for it.
    validator = found(schema, registry=Registry())

    def mismatch(value: Any) -> str | None:
        try:
            error = best_match(validator.iter_errors(value))
        except (Unresolvable, RecursionError):
            return None
        return None if error is None else _told(error)

    return mismatch


def _anything(_value: Any) -> None:
    return None


def _told(error: ValidationError) -> str:
    at = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.path)
    message = error.message
    if len(message) > _TOLD_MAX:
        message = f"{message[:_TOLD_MAX]}..."
    return f"{at.lstrip('.')}: {message}" if at else message
