"""The front door: who is let in, and what each may do."""

from __future__ import annotations

import asyncio
import re
from itertools import product
from pathlib import Path

import pytest

from kelpie.access.roles import ALLOWED, HOST_WIDE, Permission, Role
from kelpie.access.secret import new_secret
from kelpie.api.routes import ROUTES
from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import Host, bearer, request

INCREMENT = "/v1/actors/counter/bob/increment"
SECURITY = Path(__file__).parents[2] / "docs" / "security.md"


@pytest.fixture
async def admin(host: Host) -> str:
    """The secret of the token with which a host is closed to everybody else."""
    return await host.token("root", Role.ADMIN)


NEEDS = {str(route): route for route in ROUTES}


def test_whatever_changes_something_is_in_the_audit_log_but_turns() -> None:
    for route, need in NEEDS.items():
        changes = not route.startswith("GET ") and need.permission is not Permission.INVOKE
        assert (need.action is not None) == changes, route


def test_the_guide_has_the_table() -> None:
    rows = re.findall(r"^\| `([A-Z]+ /\S*)` \| ([^|]+) \|", SECURITY.read_text(), re.MULTILINE)
    expected = {}
    for route, need in NEEDS.items():
        permission = need.permission
        if permission is None:
            expected[route] = "anybody"
            continue
        roles = [f"`{role.value}`" for role in Role if permission in ALLOWED[role]]
        where = ", in all namespaces" if permission in HOST_WIDE else ""
        expected[route] = ", ".join(roles) + where
    assert dict(rows) == expected


def _target(route: str, namespace: str) -> tuple[str, str]:
    method, path = route.split(" ")
    path = path.replace("{kind}", "absent").replace("{logger}", "none").replace("{number}", "1")
    # Refused behind the door, for what is answered else has no end that is known before.
    more = "&level=none" if path == "/v1/logs" else ""
    return method, re.sub(r"\{\w+\}", "absent", path) + f"?namespace={namespace}{more}"


async def test_every_role_on_every_route(host: Host, admin: str) -> None:
    """Allowed is whatever gets beyond the door; what comes of it is not the question here."""
    for role, home in product(Role, (None, "home")):
        if (role, home) == (Role.METRICS, "home"):
            continue  # it would allow nothing, and is not made
        secret = admin
        if (role, home) != (Role.ADMIN, None):
            secret = await host.token(f"{role.value}-{home or 'all'}", role, namespace=home)
        async with host.wire() as wire:
            for (route, need), namespace in product(NEEDS.items(), ("home", "elsewhere")):
                method, target = _target(route, namespace)
                await wire.send(request(method, target, **bearer(secret)))
                answer = await wire.answer(method)
                permission = need.permission
                allowed = permission is None or (
                    permission in ALLOWED[role]
                    and (home is None or (home == namespace and permission not in HOST_WIDE))
                )
                assert (answer.status != 403) == allowed, (role, home, route, answer)
                if not allowed:
                    assert answer.code == "forbidden"
                    assert "admin" in answer.json["roles"]


async def test_every_route_without_a_token(host: Host, admin: str) -> None:
    for route, need in NEEDS.items():
        method, target = _target(route, "default")
        answer = await host.ask(method, target)
        assert (answer.status == 401) == (need.permission is not None), route
        if answer.status == 401:
            assert answer.code == "unauthenticated"
            assert answer.headers["www-authenticate"] == 'Bearer realm="kelpie"'


@pytest.mark.parametrize(
    "target", ["/v1", "/v1/nothing", "/v1/kinds/a/b/c", "//", "/v1/tokens/a/b"]
)
async def test_what_is_not_there_is_not_told_to_strangers(
    host: Host, admin: str, target: str
) -> None:
    assert (await host.ask("GET", target)).status == 401
    assert (await host.ask("GET", target, **bearer(admin))).status == 404
    assert (await host.ask("OPTIONS", "*")).status == 401


async def test_head_needs_what_get_does(host: Host, admin: str) -> None:
    secret = await host.token("caller", Role.INVOKE)
    assert (await host.ask("HEAD", "/v1/kinds", **bearer(secret))).status == 200
    assert (await host.ask("HEAD", "/v1/actors/counter", **bearer(secret))).status == 403


async def test_without_tokens_nothing_is_asked_for(host: Host, lane: str) -> None:
    answer = await host.ask("POST", INCREMENT + lane, **bearer("whatever"))
    assert answer.json == {"value": 1}


async def test_who_has_one_is_let_in(host: Host, admin: str, lane: str) -> None:
    secret = await host.token("caller", Role.INVOKE)
    async with host.wire() as wire:
        for value, scheme in enumerate(("Bearer", "bearer", "BEARER"), 1):
            sent = request("POST", INCREMENT + lane, Authorization=f"{scheme} {secret}")
            await wire.send(sent)
            assert (await wire.answer()).json == {"value": value}
        await wire.send(request("POST", INCREMENT + lane))
        assert (await wire.answer()).status == 401
        # The connection is as good as before.
        await wire.send(request("POST", INCREMENT + lane, **bearer(secret)))
        assert (await wire.answer()).json == {"value": 4}


async def test_who_may_not_is_told_which_role_would_do(host: Host, admin: str, lane: str) -> None:
    for name, role, home in (("reader", Role.READ, None), ("away", Role.INVOKE, "elsewhere")):
        secret = await host.token(name, role, namespace=home)
        answer = await host.ask("POST", INCREMENT + lane, **bearer(secret))
        assert (answer.status, answer.code) == (403, "forbidden")
        assert answer.json["roles"] == ["invoke", "admin"]
        assert f"'{name}'" in answer.json["detail"]
    assert await _turns(host, admin) == 0


async def _turns(host: Host, secret: str) -> int:
    answer = await host.ask("GET", "/v1/actors/counter/bob", **bearer(secret))
    turns: int = answer.json["turns"]
    return turns


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "malformed"),
        ("Bearer", "malformed"),
        ("Bearer ", "malformed"),
        ("Basic dXNlcjpwYXNz", "malformed"),
        ("Bearer kelpie_", "malformed"),
        ("Bearer {secret} {secret}", "malformed"),
        ("Bearer  {secret}", "malformed"),
        ("{secret}", "malformed"),
        ("Bearer {upper}", "malformed"),
        ("Bearer {cut}", "malformed"),
        ("Bearer \xff\xfe\xfd", "malformed"),
        ("Bearer " + "\xe9" * 65, "malformed"),
        ("Bearer " + "x" * 8000, "malformed"),
        ("Bearer {unknown}", "unknown"),
    ],
)
async def test_what_is_no_token(host: Host, lane: str, given: str, reason: str) -> None:
    secret = await host.token("root", Role.ADMIN)
    unknown = new_secret(host.env)
    given = given.format(secret=secret, upper=secret.upper(), cut=secret[:-1], unknown=unknown)
    head = request("POST", INCREMENT + lane).removesuffix(b"\r\n")
    async with host.wire() as wire:
        await wire.send(head + b"Authorization: " + given.encode("latin-1") + b"\r\n\r\n")
        answer = await wire.answer()
        assert (answer.status, answer.code) == (401, "unauthenticated")
        assert answer.json["reason"] == reason
        assert answer.headers["www-authenticate"].endswith('error="invalid_token"')
        # What was sent is not sent back: it may be a real one with a slip in it.
        assert secret[10:40].encode() not in answer.body
        assert unknown[10:40].encode() not in answer.body
    assert await _turns(host, secret) == 0


async def test_a_header_over_the_limit(host: Host, admin: str, lane: str) -> None:
    long = f"Bearer {admin}" + "x" * DEFAULT_LIMITS.http_header_bytes_max
    answer = await host.ask("POST", INCREMENT + lane, Authorization=long)
    assert (answer.status, answer.code) == (400, "invalid-request")
    assert admin[7:20].encode() not in answer.body


async def test_two_of_them_are_none(host: Host, admin: str, lane: str) -> None:
    line = f"Authorization: Bearer {admin}\r\n".encode()
    head = request("POST", INCREMENT + lane).removesuffix(b"\r\n")
    async with host.wire() as wire:
        await wire.send(head + line + line + b"\r\n")
        answer = await wire.answer()
    assert (answer.status, answer.code) == (400, "invalid-request")


async def test_an_expired_one(host: Host, admin: str, lane: str) -> None:
    at_ns = host.env.wall_ns() + 3_600_000_000_000
    late = await host.token("late", Role.INVOKE, expires_at_ns=at_ns)
    assert (await host.ask("POST", INCREMENT + lane, **bearer(late))).status == 200
    past = await host.token("past", Role.INVOKE, expires_at_ns=host.env.wall_ns())
    answer = await host.ask("POST", INCREMENT + lane, **bearer(past))
    assert (answer.status, answer.json["reason"]) == (401, "expired")


async def test_a_revoked_one_ends_at_once(host: Host, admin: str, lane: str) -> None:
    secret = await host.token("caller", Role.INVOKE)
    async with host.wire() as wire:
        await wire.send(request("POST", INCREMENT + lane, **bearer(secret)))
        assert (await wire.answer()).status == 200
        answer = await host.ask("DELETE", "/v1/tokens/caller", **bearer(admin))
        assert (answer.status, answer.json) == (200, {"name": "caller", "revoked": True})
        await wire.send(request("POST", INCREMENT + lane, **bearer(secret)))
        answer = await wire.answer()
        assert (answer.status, answer.json["reason"]) == (401, "unknown")


async def test_the_same_key_of_two_callers_is_two_requests(
    host: Host, admin: str, lane: str
) -> None:
    for value, name in enumerate(("one", "two"), 1):
        secret = await host.token(name, Role.INVOKE)
        for _ in range(2):
            answer = await host.ask(
                "POST", INCREMENT + lane, Idempotency_Key="order-1", **bearer(secret)
            )
            assert answer.json == {"value": value}


async def test_an_actor_sees_who_asks(host: Host, admin: str, lane: str) -> None:
    secret = await host.token("shop-front", Role.INVOKE)
    answer = await host.ask("POST", f"/v1/actors/rogue/bob/whoami{lane}", **bearer(secret))
    assert answer.json["caller"] == {"client": "shop-front"}


async def test_so_many_requests_a_second(host: Host, admin: str, lane: str) -> None:
    secret = await host.token("often", Role.INVOKE, requests_per_second_max=2)
    async with host.wire() as wire:
        # All at once, so that no second passes between them.
        await wire.send(request("POST", INCREMENT + lane, **bearer(secret)) * 12)
        answers = [await wire.answer() for _ in range(12)]
    refused = [each for each in answers if each.status == 429]
    assert refused
    assert answers[0].status == answers[1].status == 200
    for each in refused:
        assert each.code == "rate-limited"
        assert 0 < each.json["retry_after_ms"] <= 500
        assert each.headers["retry-after"] == "1"
    assert await _turns(host, admin) == 12 - len(refused)


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
async def test_so_large_a_body(host: Host, admin: str, lane: str, declared: bool) -> None:
    secret = await host.token("small", Role.INVOKE, Role.DEPLOY, body_bytes_max=10)
    target = f"/v1/actors/rogue/bob/echo{lane}"
    async with host.wire() as wire:
        for count, status in ((10, 200), (11, 413)):
            body = b"x" * count
            headers = {"Content_Type": "text/plain", **bearer(secret)}
            if not declared:
                headers["Transfer_Encoding"] = "chunked"
                body = b"%x\r\n%b\r\n0\r\n\r\n" % (count, body)
            await wire.send(request("POST", target, body, **headers))
            assert (await wire.answer()).status == status
    answer = await host.ask("PUT", "/v1/kinds/new", b"x" * 11, **bearer(secret))
    assert (answer.status, answer.code) == (413, "component-too-large")


async def test_many_strangers_keep_nobody_out(host: Host, admin: str) -> None:
    """They are answered, on connections that stay, and hold nothing."""
    stranger = request("POST", INCREMENT, **bearer(new_secret(host.env)))
    async with host.wire() as wire:
        await wire.send(stranger * 200)
        mine = await host.ask("POST", INCREMENT, **bearer(admin))
        assert mine.json == {"value": 1}
        statuses = {(await wire.answer()).status for _ in range(200)}
    assert statuses == {401}
    assert host.runtime.outstanding == 0


async def test_a_stranger_uploads_nothing(host: Host, admin: str) -> None:
    """Refused by its head: the body is neither waited for nor kept."""
    async with host.wire() as wire:
        head = request("PUT", "/v1/kinds/new", Content_Length="50000000", Expect="100-continue")
        await wire.send(head)
        answer = await wire.answer()
        assert (answer.status, answer.code) == (401, "unauthenticated")


async def test_a_slow_stranger_holds_up_nobody(host: Host, admin: str) -> None:
    head = request("POST", INCREMENT, **bearer(admin))
    async with host.wire() as slow:
        for byte in head[:40]:
            slow.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        assert (await host.ask("POST", INCREMENT, **bearer(admin))).status == 200
        await slow.send(head[40:])
        assert (await slow.answer()).status == 200
