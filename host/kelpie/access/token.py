"""One token: who has it, what it allows, for how long. Its secret is not kept."""

from __future__ import annotations

from dataclasses import dataclass, fields

import msgpack

from kelpie.access.roles import ALLOWED, HOST_WIDE, Permission, Role
from kelpie.errors import InvalidRequest, StoredValueCorrupt
from kelpie.ids import check_name
from kelpie.limits import Limits
from kelpie.store import access_keys
from kelpie.store.frame import frame
from kelpie.store.rows import unpack_row
from kelpie.store.tuples import readable

__all__ = ["ANONYMOUS", "Token", "check_token"]

_FORMAT = 1

# A moment far beyond it could not be stored.
_LIFETIME_NS_MAX = 100 * 366 * 24 * 3600 * 1_000_000_000

ANONYMOUS = "anonymous"
"""The principal of every request while there are no tokens. No token has this name."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is stored."""

    name: str
    """Also the principal of the requests that are made with it."""
    digest: bytes
    roles: frozenset[Role]
    namespace: str | None
    """Where its roles hold; None: in all namespaces."""
    created_at_ns: int
    created_by: str
    expires_at_ns: int | None
    """On the wall clock; None: never."""
    requests_per_second_max: int | None
    body_bytes_max: int | None
    """Of one request: an argument, or an upload."""

    @property
    def permissions(self) -> frozenset[Permission]:
        return frozenset().union(*(ALLOWED[role] for role in self.roles))

    def is_expired(self, now_ns: int) -> bool:
        return self.expires_at_ns is not None and self.expires_at_ns <= now_ns

    def runs_host(self, now_ns: int) -> bool:
        """Whether it may make and revoke tokens, now."""
        is_admin = self.namespace is None and Role.ADMIN in self.roles
        return is_admin and not self.is_expired(now_ns)

    def row(self) -> tuple[bytes, bytes]:
        """Its key in the store, and what is stored there."""
        key = access_keys.token(self.name)
        packed = msgpack.packb(
            (
                _FORMAT,
                self.name,
                self.digest,
                sorted(role.value for role in self.roles),
                self.namespace,
                self.created_at_ns,
                self.created_by,
                self.expires_at_ns,
                self.requests_per_second_max,
                self.body_bytes_max,
            )
        )
        return key, frame(key, packed)

    @classmethod
    def of_row(cls, key: bytes, stored: bytes) -> Token:
        """What `row` was made of.

        Raises:
            StoredValueCorrupt
            StoreFormatUnsupported: another version of Kelpie has written it.
        """
        members = unpack_row(key, stored, _FORMAT, len(fields(cls)))
        name, digest, roles, *rest = members
        try:
            held = frozenset(map(Role, roles))
        except (ValueError, TypeError):
            raise StoredValueCorrupt(
                f"the roles of {readable(key)} are {roles!a}, and this version of Kelpie knows "
                f"{', '.join(role.value for role in Role)}: use the version that wrote it",
                key=readable(key),
            ) from None
        return cls(name, digest, held, *rest)


def check_token(token: Token, limits: Limits) -> None:
    """Checks a token that somebody wants.

    Raises:
        InvalidAddress: its name, or its namespace's, is none.
        InvalidRequest: the name is reserved, or a limit of its own is out of bounds.
    """
    check_name("token", token.name, limits)
    if token.name == ANONYMOUS:
        raise InvalidRequest(f"no token may be called {ANONYMOUS!r}: that is who has none")
    if token.namespace is not None:
        check_name("namespace", token.namespace, limits)
    if not token.roles:
        raise InvalidRequest(f"a token needs a role: {', '.join(role.value for role in Role)}")
    if token.namespace is not None and token.permissions <= HOST_WIDE:
        raise InvalidRequest(
            f"the role {' and '.join(sorted(role.value for role in token.roles))} is for the whole "
            "host, and in one namespace allows nothing: leave the namespace out"
        )
    lifetime_ns = (token.expires_at_ns or token.created_at_ns) - token.created_at_ns
    if lifetime_ns > _LIFETIME_NS_MAX:
        raise InvalidRequest("the token would outlive a hundred years: let it never expire instead")
    for what, value, most in (
        (
            "requests_per_second_max",
            token.requests_per_second_max,
            limits.token_requests_per_second_max,
        ),
        ("body_bytes_max", token.body_bytes_max, limits.component_bytes_max),
    ):
        if value is not None and not 1 <= value <= most:
            raise InvalidRequest(f"{what} is {value}: use 1 to {most}")
