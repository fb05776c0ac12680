"""Why a request has no answer. Unless it was not sent, it may have been done."""

from __future__ import annotations

__all__ = ["AnswerLost", "AnswerTooLong", "NoAnswer", "NotHttp", "NotSent", "Silent"]


class AnswerLost(Exception):
    """The connection ended before the answer did."""


class NoAnswer(AnswerLost):
    """... and before it began: not a byte of it has come."""


class AnswerTooLong(Exception):
    """It has more bytes than whoever reads it whole takes."""


class Silent(Exception):
    """Nothing of the answer has come for too long."""


class NotSent(Exception):
    """The connection had ended before: nobody knows of the request."""


class NotHttp(Exception):
    """What came is no HTTP, or more of its head than anybody sends."""
