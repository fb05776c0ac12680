"""The routes of tokens and of the audit log."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from kelpie.access.audit import AuditLog, NumberedEntry
from kelpie.access.digest import digest_of
from kelpie.access.roles import Role
from kelpie.access.secret import new_secret
from kelpie.access.token import Token
from kelpie.access.tokens import Tokens
from kelpie.api.bodies import Bodies
from kelpie.api.door import CALLER, CHANGE
from kelpie.api.moments import told_moment
from kelpie.api.paths import Target, decode_segment
from kelpie.api.payloads import JSON_TYPE
from kelpie.api.responses import Handler, json_response
from kelpie.api.unique_names import parse_unique
from kelpie.env import Env
from kelpie.errors import Forbidden, InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from kelpie.limits import KIB, Limits

__all__ = ["TokenHandlers", "token_view"]

_NS_PER_S = 1_000_000_000
_NUMBER_MAX = (1 << 63) - 1
# A body that says what the token should be.
_WISH_BYTES_MAX = 4 * KIB
_WISHES = {
    "name",
    "roles",
    "namespace",
    "lifetime_s",
    "requests_per_second_max",
    "body_bytes_max",
}


class TokenHandlers:
    def __init__(self, env: Env, tokens: Tokens, audit: AuditLog, limits: Limits) -> None:
        self._env = env
        self._tokens = tokens
        self._audit = audit
        self._limits = limits
        self._wishes = Bodies(env, limits)
        self.handlers: dict[str, Handler] = {
            "list_tokens": self._list,
            "create_token": self._create,
            "revoke_token": self._revoke,
            "show_audit": self._show_audit,
        }

    async def _list(self, _request: web.BaseRequest, _target: Target) -> web.Response:
        return json_response({"tokens": [token_view(each) for each in self._tokens.all()]})

    async def _create(self, request: web.BaseRequest, _target: Target) -> web.Response:
        if not self._tokens.required:
            raise Forbidden(
                "the first token is made where the data is, while the host is stopped: "
                "kelpie token create NAME --role admin --data DIR"
            )
        async with self._wishes.arriving(
            request, _WISH_BYTES_MAX, self._limits.http_body_ms_max, PayloadTooLarge
        ) as body:
            secret = new_secret(self._env)
            wish = _wish_in(body, request.headers.get("Content-Type"))
            # Also if it is refused.
            request[CHANGE].is_about(str(wish.get("name", "")))
            token = self._token(wish, digest_of(secret), request[CALLER].principal)
        await self._tokens.add(token, request[CHANGE].witness)
        response = json_response({**token_view(token), "token": secret}, HTTPStatus.CREATED)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _revoke(self, request: web.BaseRequest, target: Target) -> web.Response:
        name = decode_segment(target.segments[2])
        await self._tokens.revoke(name, request[CHANGE].witness)
        return json_response({"name": name, "revoked": True})

    async def _show_audit(self, _request: web.BaseRequest, target: Target) -> web.Response:
        most = self._limits.audit_page_entries_max
        count = target.number("limit", most) or self._limits.page_entries_default
        page = await self._audit.page(target.number("before", _NUMBER_MAX), count)
        return json_response(
            {
                "entries": [_entry_view(each) for each in page.entries],
                "damaged": page.damaged,
                "more": page.before is not None,
                "before": page.before,
            }
        )

    def _token(self, wish: dict[str, object], digest: bytes, created_by: str) -> Token:
        now_ns = self._env.wall_ns()
        name, namespace = wish.get("name"), wish.get("namespace")
        if not isinstance(name, str) or not isinstance(namespace, str | None):
            raise InvalidRequest("a token's name is a string, and so is its namespace, or null")
        lifetime_s = _number(wish, "lifetime_s", _NUMBER_MAX)
        return Token(
            name,
            digest,
            _roles(wish.get("roles")),
            namespace,
            now_ns,
            created_by,
            None if lifetime_s is None else now_ns + lifetime_s * _NS_PER_S,
            _number(wish, "requests_per_second_max", _NUMBER_MAX),
            _number(wish, "body_bytes_max", _NUMBER_MAX),
        )


def _wish_in(body: bytes, content_type: str | None) -> dict[str, object]:
    if content_type is None or content_type.partition(";")[0].strip().lower() != JSON_TYPE:
        raise UnsupportedMediaType(f"send what the token should be as {JSON_TYPE}")
    try:
        wish = parse_unique(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"the body is no JSON: {error}") from None
    if not isinstance(wish, dict) or not wish.keys() <= _WISHES:
        raise InvalidRequest(
            'say what the token should be, as in {"name": "ci", "roles": ["deploy"]}; further '
            f"members may be {', '.join(sorted(_WISHES - {'name', 'roles'}))}"
        )
    return wish


def _roles(given: object) -> frozenset[Role]:
    known = {role.value: role for role in Role}
    if not isinstance(given, list) or not all(
        isinstance(each, str) and each in known for each in given
    ):
        raise InvalidRequest(f"roles is a list of some of {', '.join(known)}")
    return frozenset(known[each] for each in given)


def _number(wish: dict[str, object], name: str, most: int) -> int | None:
    value = wish.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidRequest(f"{name} is a number from 1 to {most}, or null")
    return value


def token_view(token: Token) -> dict[str, object]:
    """What may be told of a token: all but its secret."""
    expires_at_ns = token.expires_at_ns
    return {
        "name": token.name,
        "roles": sorted(role.value for role in token.roles),
        "namespace": token.namespace,
        "created_at": told_moment(token.created_at_ns),
        "created_by": token.created_by,
        "expires_at": None if expires_at_ns is None else told_moment(expires_at_ns),
        "requests_per_second_max": token.requests_per_second_max,
        "body_bytes_max": token.body_bytes_max,
    }


def _entry_view(numbered: NumberedEntry) -> dict[str, object]:
    members = numbered.entry._asdict()
    at_ns = members.pop("at_ns")
    return {"number": numbered.number, "at": told_moment(at_ns), **members}
