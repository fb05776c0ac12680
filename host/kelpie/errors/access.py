"""The request is at fault: nobody knows who asks, or who asks may not."""

from __future__ import annotations

from kelpie.errors.caller import CallerError

__all__ = [
    "Forbidden",
    "LastAdmin",
    "RateLimited",
    "TokenExists",
    "TokenNotFound",
    "TokensFull",
    "Unauthenticated",
]


class Unauthenticated(CallerError):
    """`details["reason"]` says why: missing, malformed, unknown or expired."""

    code, status, title = "unauthenticated", 401, "The request needs a valid token"


class Forbidden(CallerError):
    """`details["roles"]` names those that would do."""

    code, status, title = "forbidden", 403, "The token does not allow this"


class TokenNotFound(CallerError):
    code, status, title = "token-not-found", 404, "There is no such token"


class TokenExists(CallerError):
    code, status, title = "token-exists", 409, "There is a token of this name"


class TokensFull(CallerError):
    code, status, title = "tokens-full", 409, "The host has as many tokens as it may"


class LastAdmin(CallerError):
    """Nothing was revoked."""

    code, status, title = "last-admin", 409, "Nobody else could run the host"


class RateLimited(CallerError):
    """Surely not done. `retry_after_ms` is in `details`."""

    code, status, title = "rate-limited", 429, "The token asks more often than it may"
    retryable = True
