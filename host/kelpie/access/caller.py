"""Who asks, as the front door has found."""

from __future__ import annotations

from kelpie.access.rate import Rate
from kelpie.access.roles import HOST_WIDE, Permission, roles_with
from kelpie.access.token import ANONYMOUS, Token
from kelpie.errors import Forbidden

__all__ = ["ANYBODY", "Caller"]


class Caller:
    """The holder of a token, or anybody. Made once for each token, not for each request."""

    __slots__ = ("body_bytes_max", "namespace", "permissions", "principal", "rate", "token")

    def __init__(self, token: Token | None) -> None:
        self.token = token
        self.principal = ANONYMOUS if token is None else token.name
        self.permissions = frozenset(Permission) if token is None else token.permissions
        self.namespace = None if token is None else token.namespace
        self.body_bytes_max = None if token is None else token.body_bytes_max
        per_second = None if token is None else token.requests_per_second_max
        self.rate = None if per_second is None else Rate(per_second)

    def check(self, permission: Permission, namespace: str, told: str = "{refusal}") -> None:
        """`told` says what it was for, around the `{refusal}`.

        Raises:
            Forbidden: the caller may not do this in the namespace; names the roles
                that would do.
        """
        if not self.may(permission, namespace):
            raise self._forbidden(permission, namespace, told)

    def may(self, permission: Permission, namespace: str) -> bool:
        here = self.namespace
        return permission in self.permissions and (
            here is None or (here == namespace and permission not in HOST_WIDE)
        )

    def _forbidden(self, permission: Permission, namespace: str, told: str) -> Forbidden:
        assert self.token is not None, "anybody may do anything"
        has = " and ".join(sorted(role.value for role in self.token.roles))
        where = "all namespaces" if self.namespace is None else f"the namespace {self.namespace!r}"
        needed = roles_with(permission)
        is_host_wide = permission in HOST_WIDE
        wanted = "all namespaces" if is_host_wide else f"the namespace {namespace[:80]!a}"
        refusal = (
            f"the token {self.principal!r} has the role {has} in {where}; to "
            f"{permission.value} needs the role {' or '.join(needed)} in {wanted}"
        )
        return Forbidden(
            told.replace("{refusal}", refusal),
            roles=needed,
            namespace=None if is_host_wide else namespace,
        )


ANYBODY = Caller(None)
"""The caller while there are no tokens: nothing is refused."""
