"""Tokens and the audit log over HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from kelpie.access.audit import AuditLog
from kelpie.access.roles import Role
from kelpie.access.secret import is_well_formed
from kelpie.api.client import Client
from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import COUNTER, LEDGER, Answer, Host, bearer, running


@pytest.fixture
async def admin(empty_host: Host) -> str:
    return await empty_host.token("root", Role.ADMIN)


async def make(host: Host, admin: str, **wish: object) -> Answer:
    body = json.dumps(wish).encode()
    return await host.ask(
        "POST", "/v1/tokens", body, Content_Type="application/json", **bearer(admin)
    )


async def entries(host: Host, admin: str, query: str = "") -> list[dict[str, Any]]:
    answer = await host.ask("GET", f"/v1/audit{query}", **bearer(admin))
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.json["entries"]
    return found


async def test_one_is_made_and_used(empty_host: Host, admin: str) -> None:
    answer = await make(empty_host, admin, name="ci", roles=["deploy", "read"], namespace="shop")
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json
    secret = made.pop("token")
    assert is_well_formed(secret)
    assert made["roles"] == ["deploy", "read"]
    assert (made["namespace"], made["created_by"], made["expires_at"]) == ("shop", "root", None)
    target = "/v1/kinds/counter?namespace=shop"
    answer = await empty_host.ask("PUT", target, COUNTER.read_bytes(), **bearer(secret))
    assert answer.status == 201

    listed = await empty_host.ask("GET", "/v1/tokens", **bearer(admin))
    assert [each["name"] for each in listed.json["tokens"]] == ["ci", "root"]
    assert listed.json["tokens"][0] == made
    assert secret[7:30].encode() not in listed.body


async def test_the_first_is_not_made_over_http(empty_host: Host) -> None:
    body = b'{"name": "root", "roles": ["admin"]}'
    answer = await empty_host.ask("POST", "/v1/tokens", body, Content_Type="application/json")
    assert (answer.status, answer.code) == (403, "forbidden")
    assert "--data" in answer.json["detail"]
    assert not empty_host.server.tokens.required


async def test_what_is_said_twice_is_refused(empty_host: Host, admin: str) -> None:
    """Who checks the text may read the first, and the host would take the last."""
    body = b'{"name": "x", "roles": ["read"], "roles": ["admin"]}'
    answer = await empty_host.ask(
        "POST", "/v1/tokens", body, Content_Type="application/json", **bearer(admin)
    )
    assert (answer.status, answer.code) == (400, "invalid-request")
    assert "twice" in answer.json["detail"]
    assert [each.name for each in empty_host.server.tokens.all()] == ["root"]


async def test_they_outlive_the_host(tmp_path: Path, cache: Path) -> None:
    async with running(tmp_path / "data", cache) as host:
        secret = await host.token("root", Role.ADMIN)
    async with running(tmp_path / "data", cache) as host:
        assert (await host.ask("GET", "/v1/kinds")).status == 401
        assert (await host.ask("GET", "/v1/kinds", **bearer(secret))).status == 200


async def test_it_expires_and_has_limits(empty_host: Host, admin: str) -> None:
    answer = await make(
        empty_host,
        admin,
        name="ci",
        roles=["invoke"],
        lifetime_s=60,
        requests_per_second_max=3,
        body_bytes_max=100,
    )
    made = answer.json
    assert made["expires_at"] > made["created_at"]
    assert (made["requests_per_second_max"], made["body_bytes_max"]) == (3, 100)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({}, "invalid-request"),
        ({"name": "x"}, "invalid-request"),
        ({"name": "x", "roles": []}, "invalid-request"),
        ({"name": "x", "roles": ["king"]}, "invalid-request"),
        ({"name": "x", "roles": "admin"}, "invalid-request"),
        ({"name": "x", "roles": [["admin"]]}, "invalid-request"),
        ({"name": 1, "roles": ["admin"]}, "invalid-request"),
        ({"name": "X", "roles": ["admin"]}, "invalid-address"),
        ({"name": "anonymous", "roles": ["admin"]}, "invalid-request"),
        ({"name": "x", "roles": ["admin"], "namespace": ""}, "invalid-address"),
        ({"name": "x", "roles": ["admin"], "namespace": 7}, "invalid-request"),
        ({"name": "x", "roles": ["admin"], "lifetime_s": 0}, "invalid-request"),
        ({"name": "x", "roles": ["admin"], "lifetime_s": True}, "invalid-request"),
        ({"name": "x", "roles": ["admin"], "lifetime_s": 1e9}, "invalid-request"),
        ({"name": "x", "roles": ["admin"], "requests_per_second_max": 10**9}, "invalid-request"),
        ({"name": "x", "roles": ["admin"], "more": 1}, "invalid-request"),
        ({"name": "\ud800", "roles": ["admin"]}, "invalid-address"),
        ({"name": "x", "roles": ["admin"], "namespace": "\ud800"}, "invalid-address"),
        ({"name": "x", "roles": ["\ud800"]}, "invalid-request"),
        ({"name": "root", "roles": ["admin"]}, "token-exists"),
    ],
)
async def test_what_cannot_be_made(
    empty_host: Host, admin: str, wish: dict[str, object], code: str
) -> None:
    answer = await make(empty_host, admin, **wish)
    assert answer.code == code
    assert [each.name for each in empty_host.server.tokens.all()] == ["root"]
    assert [each["outcome"] for each in await entries(empty_host, admin)] == [code]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 4000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * 5000, "application/json", 413),
    ],
)
async def test_bodies_that_say_nothing(
    empty_host: Host, admin: str, body: bytes, content_type: str, status: int
) -> None:
    answer = await empty_host.ask(
        "POST", "/v1/tokens", body, Content_Type=content_type, **bearer(admin)
    )
    assert answer.status == status
    assert answer.code


async def test_the_last_one_that_can_make_others_stays(empty_host: Host, admin: str) -> None:
    answer = await empty_host.ask("DELETE", "/v1/tokens/root", **bearer(admin))
    assert (answer.status, answer.code) == (409, "last-admin")
    answer = await empty_host.ask("DELETE", "/v1/tokens/nobody", **bearer(admin))
    assert (answer.status, answer.code) == (404, "token-not-found")


async def test_every_change_has_its_entry(empty_host: Host, admin: str) -> None:
    host, sent = empty_host, bearer(admin)
    answers = [
        await host.ask("PUT", "/v1/kinds/counter?namespace=shop", COUNTER.read_bytes(), **sent),
        await host.ask("PUT", "/v1/kinds/counter?namespace=shop", COUNTER.read_bytes(), **sent),
        await host.ask("PUT", "/v1/kinds/counter?namespace=shop", LEDGER.read_bytes(), **sent),
        await host.ask("PUT", "/v1/kinds/counter?namespace=shop", b"no wasm", **sent),
        await host.ask("POST", "/v1/kinds/counter/current?namespace=shop", **sent),
        await host.ask("DELETE", "/v1/kinds/counter?namespace=shop", **sent),
        await host.ask("PUT", "/v1/log-levels/kelpie.request", b"debug", **sent),
        await host.ask("PUT", "/v1/log-levels/kelpie.request", b"loud", **sent),
        await make(host, admin, name="ci", roles=["read"], namespace="shop"),
        await host.ask("DELETE", "/v1/tokens/ci", **sent),
    ]
    found = (await entries(host, admin))[::-1]
    told = [(each["action"], each["subject"], each["outcome"]) for each in found]
    assert told == [
        ("deploy", "counter", "done"),
        ("deploy", "counter", "done"),
        ("deploy", "counter", "done"),
        ("deploy", "counter", "component-invalid"),
        ("rollback", "counter", "done"),
        ("undeploy", "counter", "done"),
        ("log level", "kelpie.request", "done"),
        ("log level", "kelpie.request", "invalid-request"),
        ("token create", "ci", "done"),
        ("token revoke", "ci", "done"),
    ]
    assert {each["principal"] for each in found} == {"root"}
    assert {each["source"] for each in found} == {"127.0.0.1"}
    assert [each["namespace"] for each in found] == ["shop"] * 6 + [None] * 4
    ids = [each.headers["kelpie-request-id"] for each in answers]
    assert [each["request_id"] for each in found] == ids
    details = [each["detail"] for each in found]
    assert details[0].endswith("is version 1")
    assert details[1].endswith("was already version 1")
    assert details[4].endswith("is version 3")
    assert details[6:9] == ["debug", "", "read in shop"]


async def test_the_entry_of_a_deploy_says_what_is_granted_now(empty_host: Host, admin: str) -> None:
    host, sent = empty_host, bearer(admin)
    for query in ("", "?grant=all,messaging:billing", "", "?grant=state", "?grant=all"):
        await host.ask("PUT", f"/v1/kinds/counter{query}", COUNTER.read_bytes(), **sent)
    await host.ask("POST", "/v1/kinds/counter/current", **sent)
    told = [each["detail"].partition(" ")[2] for each in (await entries(host, admin))[::-1]]
    assert told == [
        "is version 1",
        "is version 2, granted all, messaging:billing",
        "was already version 2",
        "is version 3, granted state",
        "is version 4, granted all",
        "is version 5, granted state",
    ]


async def test_what_changes_nothing_has_none(host: Host) -> None:
    admin = await host.token("root", Role.ADMIN)
    before = await entries(host, admin)
    assert [each["principal"] for each in before] == ["anonymous"] * 2
    sent = bearer(admin)
    await host.ask("PUT", "/v1/kinds/counter?check=true", LEDGER.read_bytes(), **sent)
    await host.ask("POST", "/v1/actors/counter/bob/increment", **sent)
    await host.ask("POST", "/v1/actors/counter/bob/increment?namespace=default", **sent)
    await host.ask("GET", "/v1/kinds", **sent)
    # At the door, strangers and those who may not leave none: they could fill it.
    await host.ask("DELETE", "/v1/kinds/counter")
    reader = await host.token("reader", Role.READ)
    await host.ask("DELETE", "/v1/kinds/counter", **bearer(reader))
    assert await entries(host, admin) == before


async def test_each_deletion_of_an_actor_has_its_entry(host: Host) -> None:
    """Whoever deletes, and under whichever id; but one that is answered from its
    record changes nothing."""
    admins = [await host.token(name, Role.ADMIN) for name in ("root", "other")]
    for admin in admins:
        for key in ("a", "b", "a"):
            await host.ask("POST", f"/v1/actors/counter/{key}/increment", **bearer(admin))
            answer = await host.ask(
                "DELETE", f"/v1/actors/counter/{key}", Idempotency_Key="same", **bearer(admin)
            )
            assert answer.json["deleted"] is True
    nothing = await host.ask("DELETE", "/v1/actors/counter/new", **bearer(admins[0]))
    assert nothing.json["deleted"] is False
    found = [each for each in await entries(host, admins[0]) if each["action"] == "delete"]
    assert [
        (each["principal"], each["subject"], each["outcome"], each["request_id"])
        for each in reversed(found)
    ] == [
        ("root", "counter/a", "done", "same"),
        ("root", "counter/b", "done", "same"),
        ("other", "counter/a", "done", "same"),
        ("other", "counter/b", "done", "same"),
        ("root", "counter/new", "done", nothing.headers["kelpie-request-id"]),
    ]


async def test_a_flood_of_refusals_hides_nothing_and_holds_up_no_revocation(
    empty_host: Host, admin: str
) -> None:
    await make(empty_host, admin, name="leaked", roles=["read"])
    refused = [
        empty_host.ask("PUT", "/v1/log-levels/kelpie", b"loud", **bearer(admin)) for _ in range(400)
    ]
    revoked = empty_host.ask("DELETE", "/v1/tokens/leaked", **bearer(admin))
    *answers, last = await asyncio.gather(*refused, revoked)
    assert last.status == 200
    assert {each.code for each in answers} == {"invalid-request"}
    found = await entries(empty_host, admin, "?limit=1000")
    assert [each["number"] for each in found] == [3, 2, 1]
    assert {each["outcome"] for each in found[:2]} == {"done", "invalid-request"}
    # Those behind the first are counted.
    await empty_host.server.stop()
    store = empty_host.runtime.node.store
    page = await AuditLog(empty_host.env, store, DEFAULT_LIMITS).page(None, 1)
    assert page.entries[0].entry.detail == "the last of 399 more of them"


async def test_it_is_read_page_by_page(empty_host: Host, admin: str) -> None:
    for number in range(5):
        await make(empty_host, admin, name=f"t-{number}", roles=["read"])
    assert [each["number"] for each in await entries(empty_host, admin, "?limit=2")] == [5, 4]
    last = await empty_host.ask("GET", "/v1/audit?limit=2&before=2", **bearer(admin))
    assert [each["subject"] for each in last.json["entries"]] == ["t-0"]
    assert last.json["more"] is False
    for query in ("?limit=0", "?limit=100000", "?before=x", "?after=1"):
        answer = await empty_host.ask("GET", f"/v1/audit{query}", **bearer(admin))
        assert (answer.status, answer.code) == (400, "invalid-request")


async def test_it_is_told_to_the_log(
    empty_host: Host, admin: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "kelpie"):
        await make(empty_host, admin, name="ci", roles=["read"])
    told = [each for each in caplog.records if each.name == "kelpie.audit"]
    assert [each.getMessage() for each in told] == ["root: token create ci: done"]
    assert told[0].__dict__["about"]["source"] == "127.0.0.1"


async def test_the_log_of_requests_names_who_asked(
    host: Host, lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    admin = await host.token("root", Role.ADMIN)
    target = f"/v1/actors/counter/bob/increment{lane}"
    with caplog.at_level(logging.INFO, "kelpie.request"):
        await host.ask("POST", target, **bearer(admin))
        await host.ask("POST", target)
    about = [each.__dict__["about"] for each in caplog.records if each.name == "kelpie.request"]
    assert [(each["status"], each.get("principal")) for each in about] == [
        (200, "root"),
        (401, None),
    ]
    assert admin[7:] not in caplog.text


async def test_a_refused_token_is_named_in_the_audit_log(empty_host: Host, admin: str) -> None:
    answer = await make(empty_host, admin, name="mallory", roles=["king"])
    assert (answer.status, answer.code) == (400, "invalid-request")
    (found,) = await entries(empty_host, admin)
    assert (found["subject"], found["outcome"]) == ("mallory", "invalid-request")
    useless = await make(empty_host, admin, name="idle", roles=["metrics"], namespace="shop")
    assert (useless.status, useless.code) == (400, "invalid-request")


@pytest.mark.parametrize("path", ["/v1/tokens", "/v1/audit", "/v1/host", "/metrics"])
async def test_what_concerns_the_host_is_in_no_namespace(
    empty_host: Host, admin: str, path: str
) -> None:
    answer = await empty_host.ask("GET", f"{path}?namespace=shop", **bearer(admin))
    assert (answer.status, answer.code) == (400, "invalid-request")
    assert "whole host" in answer.json["detail"]


async def test_a_client_of_a_namespace_asks_for_tokens_all_the_same(
    empty_host: Host, admin: str
) -> None:
    async with Client(empty_host.url, token=admin, namespace="shop") as client:
        assert [each["name"] for each in await client.tokens()] == ["root"]
        assert (await client.audit())["entries"] == []
