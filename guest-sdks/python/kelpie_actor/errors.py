"""What an operation raises, and what is raised to it."""

from __future__ import annotations

import re
from typing import Literal

from kelpie_actor.passing import shown_text

__all__ = ["DeclarationError", "MessagingError", "Rejection", "StateError"]


_CODE = re.compile(r"[a-z0-9_-]{1,64}")


class Rejection(Exception):
    """Refuses the request: `raise Rejection("insufficient", "there are only 3")`.

    What the turn changed is undone. The caller gets `code`, for programs (1 to 64 of
    `a-z 0-9 _ -`), and `message`, for people (at most 4,096 bytes).
    """

    def __init__(self, code: str, message: str) -> None:
        if not (isinstance(code, str) and _CODE.fullmatch(code)):
            told = f"1 to 64 of a-z, 0-9, _ and -, and not {code!a}"
            raise ValueError(f"the code of a rejection is {told}")
        message = shown_text(message)
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class MessagingError(Exception):
    """A message to another actor, or a reminder, came to nothing.

    `kind` tells whose fault it is, and whether asking again helps:
    `rejected` (the other actor refused, with its `code`), `failed` (it has a bug, or
    the request was no good), `unavailable` (surely not done: ask again), `unknown`
    (perhaps done: ask again with the same key to learn which).
    """

    def __init__(
        self,
        kind: Literal["rejected", "failed", "unavailable", "unknown"],
        message: str,
        code: str | None = None,
    ) -> None:
        super().__init__(kind, message, code)
        self.kind = kind
        self.message = message
        self.code = code

    def __str__(self) -> str:
        told = self.kind if self.code is None else f"{self.kind} ({self.code})"
        return f"{told}: {self.message}"


class StateError(Exception):
    """The stored state is not one that this actor can read. Nothing is changed."""


class DeclarationError(TypeError):
    """An actor class is not written as it must be; the message says what to change."""
