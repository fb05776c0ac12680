"""A module beside the actor's."""

from __future__ import annotations


def twice(text: str) -> str:
    return f"{text} {text}"
