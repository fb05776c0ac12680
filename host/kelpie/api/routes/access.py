"""The routes of tokens, and of the audit log."""

from __future__ import annotations

from kelpie.access.roles import Permission
from kelpie.api.routes.route import Route, number
from kelpie.api.routes.shared import BODY, STORE, json_of
from kelpie.errors import InvalidAddress, LastAdmin, TokenExists, TokenNotFound, TokensFull

__all__ = ["ACCESS_ROUTES"]

ACCESS_ROUTES = (
    Route(
        name="list_tokens",
        method="GET",
        path="/v1/tokens",
        doc="List the tokens, without their secrets",
        permission=Permission.OPERATE,
        answers={200: json_of("Tokens")},
    ),
    Route(
        name="create_token",
        method="POST",
        path="/v1/tokens",
        doc="Make a token",
        permission=Permission.OPERATE,
        action="token create",
        body=json_of("TokenWish"),
        body_required=True,
        answers={201: json_of("NewToken")},
        errors=(InvalidAddress, TokenExists, TokensFull, *BODY, *STORE),
    ),
    Route(
        name="revoke_token",
        method="DELETE",
        path="/v1/tokens/{name}",
        doc="Revoke a token",
        permission=Permission.OPERATE,
        action="token revoke",
        answers={200: json_of("Revoked")},
        errors=(TokenNotFound, LastAdmin, *STORE),
    ),
    Route(
        name="show_audit",
        method="GET",
        path="/v1/audit",
        doc="Show who changed what, newest first",
        permission=Permission.OPERATE,
        parameters=(
            number("before", "Only entries with lower numbers"),
            number("limit", "How many at most", "audit_page_entries_max"),
        ),
        answers={200: json_of("AuditPage")},
        errors=STORE,
    ),
)
