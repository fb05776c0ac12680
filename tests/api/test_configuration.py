"""What is set for a kind, over HTTP; a secret's value never comes back."""

from __future__ import annotations

import json
import logging

import pytest

from kelpie.access.roles import Role
from tests.api.support import COUNTER, LEDGER, ROGUE, Answer, Host, bearer

ROLES = (Role.INVOKE, Role.READ, Role.DEPLOY)
CONFIG, SECRETS = "/v1/kinds/rogue/config", "/v1/kinds/rogue/secrets"
JSON = "application/json"
TEXT = "text/plain"
VALUE = "correct-horse-battery"


async def patch(host: Host, target: str, change: object, content_type: str = JSON) -> Answer:
    return await host.ask("PATCH", target, json.dumps(change).encode(), Content_Type=content_type)


async def read(host: Host, operation: str, name: str) -> object:
    body = json.dumps({"name": name}).encode()
    answer = await host.ask("POST", f"/v1/actors/rogue/a/{operation}", body, Content_Type=JSON)
    return answer.json["value"]


async def test_config(host: Host) -> None:
    nothing = await host.ask("GET", CONFIG)
    assert nothing.json == {
        "namespace": "default",
        "kind": "rogue",
        "number": 1,
        "imported": True,
        "config": {},
    }
    changed = await patch(host, CONFIG, {"COLOR": "red", "SIZE": "2", "NONE": None})
    assert (changed.status, changed.json["number"], changed.json["changed"]) == (200, 2, True)
    assert changed.json["config"] == {"COLOR": "red", "SIZE": "2"}
    assert await read(host, "config", "COLOR") == "red"
    put = await host.ask("PUT", f"{CONFIG}/COLOR", "blä".encode(), Content_Type=TEXT)
    assert (put.json["number"], put.json["config"]["COLOR"]) == (3, "blä")
    one = await host.ask("GET", f"{CONFIG}/COLOR")
    assert (one.body.decode(), one.headers["content-type"]) == ("blä", "text/plain; charset=utf-8")
    tag = (await host.ask("GET", CONFIG)).headers["etag"]
    again = await host.ask("HEAD", CONFIG, If_None_Match=tag)
    assert again.status == 304
    same = await patch(host, CONFIG, {"SIZE": "2"}, "application/merge-patch+json")
    assert (same.status, same.json["number"], same.json["changed"]) == (200, 3, False)
    gone = await host.ask("DELETE", f"{CONFIG}/SIZE")
    assert (gone.json["number"], gone.json["config"]) == (4, {"COLOR": "blä"})
    empty = await host.ask("PUT", f"{CONFIG}/EMPTY")
    assert empty.json["config"]["EMPTY"] == ""
    assert await read(host, "config", "EMPTY") == ""
    assert await read(host, "config", "SIZE") is None
    versions = (await host.ask("GET", "/v1/kinds/rogue/versions")).json["versions"]
    told = [each["differences"]["config"] for each in versions]
    assert told[:2] == [{"set": ["EMPTY"], "unset": []}, {"set": [], "unset": ["SIZE"]}]
    assert [each["differences"]["component"] for each in versions] == [False] * 4 + [True]


async def test_secrets(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[Answer] = [
        await host.ask("PUT", f"{SECRETS}/TOKEN", VALUE.encode(), Content_Type=TEXT),
        await patch(host, SECRETS, {"OTHER": VALUE, "THIRD": VALUE + "2"}),
        await host.ask("GET", f"{SECRETS}/TOKEN"),
        await host.ask("GET", SECRETS),
        await host.ask("DELETE", f"{SECRETS}/THIRD"),
        await host.ask("PUT", f"{SECRETS}/TOKEN", VALUE.encode(), Content_Type=TEXT),
        await host.ask("GET", "/v1/kinds/rogue/versions"),
        await host.ask("GET", "/v1/kinds/rogue"),
        await host.ask("GET", "/metrics"),
        await host.ask("GET", "/v1/actors/rogue/a"),
    ]
    numbers = [answer.json["number"] for answer in (seen[0], seen[1], seen[4], seen[5])]
    assert numbers == [2, 3, 4, 4]
    assert seen[3].json["secrets"][2] == seen[2].json
    assert set(seen[2].json) == {"name", "digest", "set_at"}
    assert len({each["digest"] for each in seen[3].json["secrets"]}) == 3
    assert seen[6].json["versions"][0]["differences"]["secrets"] == {"set": [], "unset": ["THIRD"]}
    assert await read(host, "secret", "TOKEN") == VALUE
    twice = f'{{"A": "{VALUE}", "A": "x"}}'.encode()
    half = f'{{"A": "{VALUE}\\ud800"}}'.encode()
    wrong: list[Answer] = [
        await host.ask("PUT", f"{SECRETS}/NOT OK".replace(" ", "%20"), VALUE.encode()),
        await host.ask("PUT", f"{SECRETS}/A", VALUE.encode() + b"\xff"),
        await host.ask("PUT", f"{SECRETS}/A", VALUE.encode(), Content_Type=JSON),
        await host.ask("PUT", f"{SECRETS}/A", VALUE.encode() * 4000),
        await host.ask("PATCH", SECRETS, VALUE.encode(), Content_Type=JSON),
        await patch(host, SECRETS, VALUE),
        await patch(host, SECRETS, {"A": [VALUE]}),
        await patch(host, SECRETS, {"A": VALUE * 4000}),
        await patch(host, SECRETS, {f"A{n}": VALUE for n in range(300)}),
        await host.ask("PATCH", SECRETS, twice, Content_Type=JSON),
        await host.ask("PATCH", SECRETS, half, Content_Type=JSON),
    ]
    assert [answer.code for answer in wrong] == [
        "invalid-request",
        "invalid-text",
        "unsupported-media-type",
        "payload-too-large",
        "invalid-request",
        "invalid-request",
        "invalid-request",
        "payload-too-large",
        "configuration-full",
        "invalid-request",
        "invalid-text",
    ]
    for how, status in (("log", 200), ("reject", 422), ("fail", 500)):
        body = json.dumps({"name": "TOKEN", "how": how}).encode()
        answer = await host.ask("POST", "/v1/actors/rogue/a/secret", body, Content_Type=JSON)
        assert answer.status == status
        seen.append(answer)
    seen.append(await host.ask("GET", "/v1/actors/rogue/a"))
    for answer in (*seen, *wrong):
        assert VALUE not in answer.body.decode() + str(answer.headers)
    assert "[secret]" in caplog.text
    assert VALUE not in caplog.text


async def test_names_are_told_to_those_who_may_set_them(host: Host) -> None:
    assert (await host.ask("PUT", f"{SECRETS}/KEY", b"value")).status == 200
    tokens = {role: await host.token(role.value, role) for role in (Role.ADMIN, *ROLES)}
    for role in ROLES:
        for path in ("versions", "versions/2"):
            answer = await host.ask("GET", f"/v1/kinds/rogue/{path}", **bearer(tokens[role]))
            found = answer.json["versions"][0] if path == "versions" else answer.json
            told = found["differences"]
            assert (b"KEY" in answer.body) == (role is Role.DEPLOY), (role, path)
            assert (told["secrets"] is None) == (role is not Role.DEPLOY)
            assert (told["config"] is None) == (role is not Role.DEPLOY)


@pytest.mark.parametrize("sort", ["config", "secrets"])
async def test_what_is_not_there(host: Host, sort: str) -> None:
    await patch(host, f"/v1/kinds/rogue/{sort}", {"COLOR": "red"})
    for method in ("GET", "DELETE"):
        missing = await host.ask(method, f"/v1/kinds/rogue/{sort}/COLOUR")
        assert (missing.status, missing.code) == (404, "configuration-not-found")
        assert "did you mean 'COLOR'?" in missing.json["detail"]
    for method, target in (("GET", ""), ("PATCH", ""), ("GET", "/A"), ("PUT", "/A")):
        assert (await host.ask(method, f"/v1/kinds/none/{sort}{target}")).code == "kind-not-found"
    wrong = await host.ask("POST", f"/v1/kinds/rogue/{sort}")
    assert (wrong.code, wrong.headers["allow"]) == (
        "method-not-allowed",
        "GET, PATCH, HEAD, OPTIONS",
    )
    counter = await patch(host, f"/v1/kinds/counter/{sort}", {"COLOR": "red"})
    assert counter.json["imported"] is False


async def test_another_namespace_is_granted_by_who_may_deploy_there(empty_host: Host) -> None:
    host = empty_host
    admin = await host.token("root", Role.ADMIN)
    shop = await host.token("shop", Role.DEPLOY, namespace="shop")
    path = "/v1/kinds/one?namespace=shop&grant=all,messaging"
    for grants, secret, status in [
        (":billing", shop, 403),
        (":shop", shop, 201),
        (":billing", admin, 201),
    ]:
        put = await host.ask("PUT", path + grants, COUNTER.read_bytes(), **bearer(secret))
        assert put.status == status
        if status == 201:
            assert put.json["grants"] == ["all", f"messaging{grants}"]
        else:
            assert (put.code, put.json["namespace"]) == ("forbidden", "billing")
    # What was granted stays so, for whoever may deploy there; nobody else has code of their
    # own act there because of that.
    path = "/v1/kinds/one?namespace=shop"
    for query in ("", "&check=true"):
        put = await host.ask("PUT", path + query, ROGUE.read_bytes(), **bearer(shop))
        assert (put.status, put.code, put.json["namespace"]) == (403, "forbidden", "billing")
        assert "name what the kind is to be granted" in put.json["detail"]
    shown = await host.ask("GET", path, **bearer(shop))
    assert shown.json["grants"] == ["all", "messaging:billing"]
    # The very component that is there changes nothing.
    put = await host.ask("PUT", path, COUNTER.read_bytes(), **bearer(shop))
    assert (put.status, put.json["changed"]) == (200, False)
    put = await host.ask("PUT", path, ROGUE.read_bytes(), **bearer(admin))
    assert (put.status, put.json["grants"]) == (201, ["all", "messaging:billing"])
    put = await host.ask("PUT", f"{path}&grant=all", COUNTER.read_bytes(), **bearer(shop))
    assert (put.status, put.json["grants"]) == (201, None)
    put = await host.ask("PUT", path, ROGUE.read_bytes(), **bearer(shop))
    assert (put.status, put.json["grants"]) == (201, None)


async def test_what_was_taken_away_is_not_taken_back_by_a_rollback(empty_host: Host) -> None:
    """To grant another namespace takes who may deploy there, whichever way it is done."""
    host = empty_host
    every = await host.token("root", Role.ADMIN)
    shop = await host.token("shop", Role.DEPLOY, namespace="shop")
    path, current = "/v1/kinds/one?namespace=shop", "/v1/kinds/one/current?namespace=shop"
    body = COUNTER.read_bytes()
    for grant in ("all,messaging:billing", "all"):
        put = await host.ask("PUT", f"{path}&grant={grant}", body, **bearer(every))
        assert put.status == 201
    to_first = b'{"version": 1}'
    for wish in (b"", to_first):
        back = await host.ask(
            "POST", current, wish, Content_Type="application/json", **bearer(shop)
        )
        assert (back.status, back.code) == (403, "forbidden")
        assert back.json["namespace"] == "billing"
    back = await host.ask("POST", current, b"", **bearer(every))
    assert (back.status, back.json["grants"]) == (201, ["all", "messaging:billing"])
    # Now it is what it was granted: nothing is granted that it has not.
    back = await host.ask(
        "POST", current, to_first, Content_Type="application/json", **bearer(shop)
    )
    assert (back.status, back.json["changed"]) == (200, False)


async def test_grants(empty_host: Host) -> None:
    host = empty_host
    refused = await host.ask("PUT", "/v1/kinds/one?grant=kv", COUNTER.read_bytes())
    assert (refused.status, refused.code) == (422, "imports-not-granted")
    assert (refused.json["missing"], refused.json["granted"]) == (["state"], ["kv"])
    refused = await host.ask("PUT", "/v1/kinds/one?grant=none", COUNTER.read_bytes())
    assert "'one' is granted nothing" in refused.json["detail"]
    assert (await host.ask("GET", "/v1/kinds/one")).status == 404
    wrong = await host.ask("PUT", "/v1/kinds/one?grant=stat", COUNTER.read_bytes())
    assert wrong.code == "invalid-request"
    deployed = await host.ask("PUT", "/v1/kinds/one?grant=state,kv", COUNTER.read_bytes())
    assert (deployed.status, deployed.json["grants"]) == (201, ["state", "kv"])
    other = await host.ask("PUT", "/v1/kinds/one", LEDGER.read_bytes())
    assert other.json["grants"] == ["state", "kv"]
    assert other.json["changes"]["imports"] == ["kv"]
    assert (await host.ask("PUT", "/v1/kinds/one?check=true", ROGUE.read_bytes())).status == 422
    check = await host.ask("PUT", "/v1/kinds/one?check=true&grant=all", ROGUE.read_bytes())
    assert (check.status, check.json["grants"]) == (200, None)
    assert "secrets" in check.json["changes"]["imports"]
    versions = (await host.ask("GET", "/v1/kinds/one/versions")).json["versions"]
    assert [each["grants"] for each in versions] == [["state", "kv"]] * 2
    assert [each["differences"]["grants"] for each in versions] == [False, True]
