"""Tokens: kept, found, revoked, expired."""

from __future__ import annotations

from dataclasses import replace

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.access.caller import ANYBODY, Caller
from kelpie.access.roles import ALLOWED, HOST_WIDE, Permission, Role
from kelpie.access.secret import new_secret
from kelpie.access.token import Token
from kelpie.errors import (
    Forbidden,
    InvalidAddress,
    InvalidRequest,
    LastAdmin,
    StoredValueCorrupt,
    StoreError,
    StoreFormatUnsupported,
    TokenExists,
    TokenNotFound,
    TokensFull,
)
from kelpie.limits import DEFAULT_LIMITS
from kelpie.store import access_keys
from kelpie.store.frame import frame
from kelpie.store.tuples import readable
from tests.access.conftest import LIMITS, Access


async def test_one_that_is_damaged_keeps_no_other(
    access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    secret, token = access.token("root")
    await access.tokens.add(token)
    lost, other = access.token("ci", Role.READ)
    await access.tokens.add(other)
    key = access_keys.token("ci")
    transaction = access.client.transaction()
    transaction.set(key, b"not what was written")
    await transaction.commit()
    tokens = await access.opened_anew()
    assert readable(key) in caplog.text
    assert tokens.find(secret) is not None
    assert tokens.find(lost) is None
    assert [each.name for each in tokens.all()] == ["root"]
    with pytest.raises(TokenExists, match="cannot be read"):
        await tokens.add(access.token("ci", Role.READ)[1])
    # Nor may everybody do everything where nothing else is left.
    await tokens.revoke("root", force=True)
    assert tokens.required
    await tokens.revoke("ci")
    assert (tokens.damaged, tokens.required) == ({}, False)
    assert not (await access.opened_anew()).required


async def test_there_are_none(access: Access) -> None:
    await access.tokens.open()
    assert not access.tokens.required
    assert access.tokens.all() == []
    assert access.tokens.find(new_secret(access.env)) is None


async def test_one_is_found_by_its_secret_alone(access: Access) -> None:
    secret, token = access.token("root")
    await access.tokens.add(token)
    for tokens in (access.tokens, await access.opened_anew()):
        assert tokens.required
        assert tokens.all() == [token]
        found = tokens.find(secret)
        assert found is not None
        assert (found.token, found.principal) == (token, "root")
        assert tokens.find(new_secret(access.env)) is None


async def test_the_secret_is_not_stored(access: Access) -> None:
    secret, token = access.token("root")
    await access.tokens.add(token)
    key, stored = token.row()
    rows = await access.client.transaction().get_range(b"", b"\xff", limit=10)
    assert rows == [(key, stored)]
    assert all(secret[7:].encode() not in each for row in rows for each in row)


async def test_what_is_stored_is_what_was(access: Access) -> None:
    _, token = access.token("ci", Role.DEPLOY, Role.READ, namespace="shop", lifetime_ms=5)
    token = replace(token, requests_per_second_max=7, body_bytes_max=9)
    assert Token.of_row(*token.row()) == token


async def test_a_name_is_given_once(access: Access) -> None:
    await access.tokens.add(access.token("root")[1])
    with pytest.raises(TokenExists):
        await access.tokens.add(access.token("root", Role.READ)[1])


async def test_one_that_is_added_in_doubt_is_added_once(access: Access) -> None:
    secret, token = access.token("root")
    access.link.doubts = 1
    await access.tokens.add(token)
    assert access.tokens.find(secret) is not None
    assert (await access.opened_anew()).all() == [token]


@pytest.mark.parametrize(
    ("role", "namespace", "lifetime_ms"),
    [(Role.DEPLOY, None, None), (Role.ADMIN, "shop", None), (Role.ADMIN, None, 0)],
)
async def test_the_first_is_one_that_can_make_others(
    access: Access, role: Role, namespace: str | None, lifetime_ms: int | None
) -> None:
    _, token = access.token("first", role, namespace=namespace, lifetime_ms=lifetime_ms)
    with pytest.raises(InvalidRequest, match="first token"):
        await access.tokens.add(token)
    assert not (await access.opened_anew()).required


async def test_there_is_a_limit(access: Access) -> None:
    for number in range(LIMITS.tokens_max):
        await access.tokens.add(access.token(f"root-{number}")[1])
    with pytest.raises(TokensFull):
        await access.tokens.add(access.token("one-more")[1])


async def test_a_revoked_one_is_worth_nothing(access: Access) -> None:
    await access.tokens.add(access.token("root")[1])
    secret, token = access.token("ci", Role.DEPLOY)
    await access.tokens.add(token)
    access.link.doubts = 1
    await access.tokens.revoke("ci")
    assert access.tokens.find(secret) is None
    assert (await access.opened_anew()).find(secret) is None
    with pytest.raises(TokenNotFound):
        await access.tokens.revoke("ci")


async def test_the_last_admin_stays_but_by_force(access: Access) -> None:
    await access.tokens.add(access.token("root")[1])
    await access.tokens.add(access.token("late", lifetime_ms=1000)[1])
    await access.tokens.add(access.token("local", namespace="shop")[1])
    access.env.advance(1000)
    with pytest.raises(LastAdmin):
        await access.tokens.revoke("root")
    await access.tokens.revoke("late")
    await access.tokens.revoke("local")
    with pytest.raises(LastAdmin):
        await access.tokens.revoke("root")
    await access.tokens.revoke("root", force=True)
    assert not access.tokens.required


async def test_expired_ones_do_not_open_the_door(access: Access) -> None:
    _, token = access.token("root", lifetime_ms=1000)
    await access.tokens.add(token)
    assert not token.is_expired(access.env.wall_ns())
    access.env.advance(1000)
    assert token.is_expired(access.env.wall_ns())
    assert (await access.opened_anew()).required


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": ""}, InvalidAddress),
        ({"name": "No Name"}, InvalidAddress),
        ({"name": "(data directory)"}, InvalidAddress),
        ({"name": "x" * 65}, InvalidAddress),
        ({"name": "anonymous"}, InvalidRequest),
        ({"namespace": ""}, InvalidAddress),
        ({"roles": frozenset()}, InvalidRequest),
        ({"expires_at_ns": (1 << 63) - 1}, InvalidRequest),
        ({"requests_per_second_max": 0}, InvalidRequest),
        ({"requests_per_second_max": 1_000_001}, InvalidRequest),
        ({"body_bytes_max": DEFAULT_LIMITS.component_bytes_max + 1}, InvalidRequest),
    ],
)
async def test_what_no_token_may_be(
    access: Access, change: dict[str, object], error: type[Exception]
) -> None:
    _, token = access.token("root")
    with pytest.raises(error):
        await access.tokens.add(replace(token, **change))  # type: ignore[arg-type]
    assert not access.tokens.required


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_what_a_role_allows(access: Access, role: Role, permission: Permission) -> None:
    everywhere = Caller(access.token("x", role)[1])
    there = Caller(access.token("x", role, namespace="shop")[1])
    allowed = permission in ALLOWED[role]
    _check(everywhere, permission, "shop", allowed)
    _check(everywhere, permission, "default", allowed)
    _check(there, permission, "shop", allowed and permission not in HOST_WIDE)
    _check(there, permission, "default", False)
    ANYBODY.check(permission, "shop")


def _check(caller: Caller, permission: Permission, namespace: str, allowed: bool) -> None:
    if allowed:
        caller.check(permission, namespace)
        return
    with pytest.raises(Forbidden) as found:
        caller.check(permission, namespace)
    roles = found.value.details["roles"]
    assert isinstance(roles, list)
    assert "admin" in roles
    assert all(permission in ALLOWED[Role(each)] for each in roles)


def test_every_permission_has_a_role_besides_admin_or_is_admins_alone() -> None:
    alone = {
        each
        for each in Permission
        if not any(each in ALLOWED[role] for role in Role if role is not Role.ADMIN)
    }
    assert alone == {Permission.DELETE, Permission.OPERATE}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((2, "root", b"", ["admin"]), StoreFormatUnsupported),
        (("root", b"", ["admin"], None, 1, "me", None, None, None), StoreFormatUnsupported),
        ((1, "root", b"", ["king"], None, 1, "me", None, None, None), StoredValueCorrupt),
        ((1, "root", b"", None, None, 1, "me", None, None, None), StoredValueCorrupt),
        ((1, "root", b"", ["admin"], None, 1, "me", None, None, None, 7), StoredValueCorrupt),
        ((1, "root", b"", ["admin"]), StoredValueCorrupt),
        ((), StoredValueCorrupt),
        (7, StoredValueCorrupt),
    ],
)
async def test_a_row_that_is_no_token(
    access: Access, row: object, expected: type[StoreError]
) -> None:
    key = access_keys.token("root")
    transaction = access.client.transaction()
    transaction.set(key, frame(key, msgpack.packb(row)))
    await transaction.commit()
    await access.tokens.open()
    assert {name: type(error) for name, error in access.tokens.damaged.items()} == {
        "root": expected
    }
    assert "t/root" in access.tokens.damaged["root"].message


@given(st.binary(max_size=40))
def test_no_bytes_are_more_than_damaged(content: bytes) -> None:
    key = access_keys.token("root")
    with pytest.raises((StoredValueCorrupt, StoreFormatUnsupported)):
        Token.of_row(key, frame(key, content))
