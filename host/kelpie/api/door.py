"""The front door: who asks, by the token in the `Authorization` header."""

from __future__ import annotations

from aiohttp import web
from multidict import MultiMapping

from kelpie.access.caller import ANYBODY, Caller
from kelpie.access.change import Change
from kelpie.access.roles import Permission
from kelpie.access.secret import SECRET_LENGTH, is_well_formed
from kelpie.access.tokens import Tokens
from kelpie.env import Env
from kelpie.errors import InvalidRequest, RateLimited, Unauthenticated

__all__ = ["CALLER", "CHANGE", "Door"]

# Under which a request carries who asked it, and the change that it makes.
CALLER = web.RequestKey("kelpie.caller", Caller)
CHANGE = web.RequestKey("kelpie.change", Change)

_HEADER = "Authorization"
_NS_PER_MS = 1_000_000


class Door:
    def __init__(self, env: Env, tokens: Tokens) -> None:
        self._env = env
        self._tokens = tokens

    def admit(self, headers: MultiMapping[str], permission: Permission, namespace: str) -> Caller:
        """Who asks, if they may. On the path of every invocation.

        Raises:
            Forbidden: see `Caller.check`; and as `enter`.
        """
        if not self._tokens.required:
            return ANYBODY
        caller = self.enter(headers)
        caller.check(permission, namespace)
        return caller

    def enter(self, headers: MultiMapping[str]) -> Caller:
        """Who asks.

        Raises:
            Unauthenticated: there are tokens, and the request has no valid one.
            RateLimited: the token has asked too often.
            InvalidRequest: there are two of the header.
        """
        if not self._tokens.required:
            return ANYBODY
        caller = self._holder(headers)
        rate = caller.rate
        if rate is not None:
            wait_ns = rate.take(self._env.monotonic_ns())
            if wait_ns:
                raise RateLimited(
                    f"the token {caller.principal!r} may ask {rate.per_second} times a second",
                    retry_after_ms=-(-wait_ns // _NS_PER_MS),
                )
        return caller

    def still_admits(self, caller: Caller) -> bool:
        """Whether somebody who was admitted would be now, as far as the token goes:
        it was not revoked, and has not expired."""
        token = caller.token
        return self._tokens.holds(caller) and not (
            token is not None and token.is_expired(self._env.wall_ns())
        )

    def readmit(self, caller: Caller, permission: Permission, namespace: str) -> None:
        """Looks once more at somebody who was admitted and goes on asking.

        Raises:
            Unauthenticated: the token was revoked or has expired since, or there
                is one needed now.
            Forbidden: see `Caller.check`.
        """
        if not self.still_admits(caller):
            if caller.token is None:
                raise Unauthenticated("this host wants a token since", reason="missing")
            raise Unauthenticated(
                f"the token {caller.principal!r} was revoked or has expired since",
                reason="expired" if self._tokens.holds(caller) else "unknown",
            )
        caller.check(permission, namespace)

    def _holder(self, headers: MultiMapping[str]) -> Caller:
        given = headers.getall(_HEADER, None)
        if given is None:
            raise Unauthenticated(
                f"this host wants a token: send it as `{_HEADER}: Bearer kelpie_...`; with the "
                "command line, set KELPIE_TOKEN",
                reason="missing",
            )
        if len(given) > 1:
            raise InvalidRequest(f"{_HEADER} is there {len(given)} times: send it once")
        scheme, _, secret = given[0].partition(" ")
        # What is wrong is not repeated: it may be nearly right, or right elsewhere.
        if scheme.lower() != "bearer":
            raise Unauthenticated(
                f"the {_HEADER} is not understood: send `{_HEADER}: Bearer kelpie_...`",
                reason="malformed",
            )
        if len(secret) != SECRET_LENGTH or not secret.isascii():
            raise _malformed()
        caller = self._tokens.find(secret)
        if caller is None:
            if not is_well_formed(secret):
                raise _malformed()
            raise Unauthenticated(
                "this host does not know the token: it was revoked, or made by another host",
                reason="unknown",
            )
        assert caller.token is not None
        if caller.token.is_expired(self._env.wall_ns()):
            raise Unauthenticated(f"the token {caller.principal!r} has expired", reason="expired")
        return caller


def _malformed() -> Unauthenticated:
    return Unauthenticated(
        "what was sent as token is none: it begins with kelpie_ and has "
        f"{SECRET_LENGTH} characters; was it cut off?",
        reason="malformed",
    )
