"""What every error has."""

from __future__ import annotations

from typing import ClassVar, Literal

__all__ = ["KelpieError", "Source"]

Source = Literal["caller", "actor", "platform"]


class KelpieError(Exception):
    """Anything that Kelpie says went wrong.

    `details` are further members for programs, as RFC 9457 allows.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    source: ClassVar[Source]
    title: ClassVar[str]
    retryable: ClassVar[bool] = False

    page: str | None = None
    """Where the host that has answered it tells more of it, if one has."""

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
