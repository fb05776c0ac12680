"""What an actor passes to the host: checked where it is passed, as the runtime of a
component has no words for what it cannot take, and ends the instance."""

from __future__ import annotations

from kelpie_actor.host import Payload
from kelpie_actor.json_text import check_text

__all__ = ["passed_payload", "passed_text", "shown_text"]


def passed_text(value: str, what: str) -> str:
    """`value`, a name or a key.

    Raises:
        TypeError: it is no `str`.
        ValueError: it has half a character in it.
    """
    if not isinstance(value, str):
        raise TypeError(f"{what} is a str, not {type(value).__name__}")
    try:
        return check_text(value)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def passed_payload(value: Payload, instead: str) -> Payload:
    """`value`, which is stored as it is; `instead` says what to do with any other.

    Raises:
        TypeError: it is neither `str` nor `bytes`.
        ValueError: it has half a character in it.
    """
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError(f"a value is str or bytes; {instead}")
    return passed_text(value, "a value")


def shown_text(message: object) -> str:
    """`message` as people can read it: `?` stands for half a character."""
    text = str(message)
    return text if text.isascii() else text.encode(errors="replace").decode()
