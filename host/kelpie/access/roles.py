"""Roles, and what each allows. Which route needs what: see `api.permissions`."""

from __future__ import annotations

from enum import Enum

__all__ = ["ALLOWED", "HOST_WIDE", "Permission", "Role", "roles_with"]


class Permission(Enum):
    """What a route may need. Each belongs to a namespace, or to the whole host."""

    DESCRIBE = "see what is deployed"
    INVOKE = "have actors run operations"
    READ = "see actors and what they store"
    DEPLOY = "change what is deployed"
    DELETE = "delete kinds, and what actors store"
    METRICS = "see the host's metrics"
    OPERATE = "run the host: its tokens, its audit log, its log"


HOST_WIDE = frozenset({Permission.METRICS, Permission.OPERATE})
"""They concern every namespace, so a token for one namespace never has them."""


class Role(Enum):
    INVOKE = "invoke"
    READ = "read"
    DEPLOY = "deploy"
    METRICS = "metrics"
    ADMIN = "admin"


ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.INVOKE: frozenset({Permission.DESCRIBE, Permission.INVOKE}),
    Role.READ: frozenset({Permission.DESCRIBE, Permission.READ}),
    Role.DEPLOY: frozenset({Permission.DESCRIBE, Permission.DEPLOY}),
    Role.METRICS: frozenset({Permission.METRICS}),
    Role.ADMIN: frozenset(Permission),
}


def roles_with(permission: Permission) -> list[str]:
    """The names of the roles that allow it."""
    return [role.value for role, allowed in ALLOWED.items() if permission in allowed]
