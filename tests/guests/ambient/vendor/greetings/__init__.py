"""A package that somebody else wrote."""

from __future__ import annotations


def greet(name: str) -> str:
    from greetings.words import HELLO  # noqa: PLC0415 - the point of it

    return f"{HELLO}, {name}!"
