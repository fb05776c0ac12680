"""Journals over HTTP."""

from __future__ import annotations

from kelpie.access.roles import Role
from kelpie.journal.bundles import read_bundle
from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import COUNTER, ROGUE, Host, bearer

POLICY = "/v1/journal/rogue"
JOURNAL = "/v1/journal/rogue/a%2Fb"
BUNDLE = "/v1/bundles/rogue/a%2Fb"
TEXT = "text/plain"
JSON = "application/json"


async def run(host: Host, operation: str, body: bytes = b"{}") -> int:
    path = f"/v1/actors/rogue/a%2Fb/{operation}"
    return (await host.ask("POST", path, body, Content_Type=JSON)).status


async def test_what_is_kept_is_set(host: Host) -> None:
    told = {"namespace": "default", "kind": "rogue", "policy": "failures"}
    assert (await host.ask("GET", POLICY)).json == told
    changed = await host.ask("PUT", POLICY, b"all\n", Content_Type=TEXT)
    assert (changed.status, changed.json) == (200, {**told, "policy": "all"})
    assert (await host.ask("GET", POLICY)).json["policy"] == "all"
    wrong = await host.ask("PUT", POLICY, b"most", Content_Type=TEXT)
    assert (wrong.status, wrong.json["code"]) == (400, "invalid-request")
    assert "off, failures, all" in wrong.json["detail"]
    long = await host.ask("PUT", POLICY, b"x" * 100, Content_Type=TEXT)
    assert (long.status, long.json["code"]) == (413, "payload-too-large")
    for method in ("GET", "PUT"):
        absent = await host.ask(method, "/v1/journal/nothing", b"all", Content_Type=TEXT)
        assert (absent.status, absent.json["code"]) == (404, "kind-not-found")


async def test_what_is_so_already_does_not_fill_the_audit_log(host: Host) -> None:
    admin = bearer(await host.token("root", Role.ADMIN))
    for _ in range(5):
        assert (await host.ask("PUT", POLICY, b"all", Content_Type=TEXT, **admin)).status == 200
        assert (await host.ask("DELETE", "/v1/reminders/rogue/b/tea", **admin)).status == 200
    found = (await host.ask("GET", "/v1/audit", **admin)).json["entries"]
    told = [(each["action"], each["detail"]) for each in found if each["principal"] == "root"]
    assert told == [
        ("journal", "was already all"),
        ("cancel-reminder", "there was none"),
        ("journal", "all"),
    ]


async def test_turns_are_listed_and_exported(host: Host) -> None:
    await host.ask("PUT", POLICY, b"all", Content_Type=TEXT)
    for value in (b'"1"', b'"2"', b'"3"'):
        assert await run(host, "save", value) == 200
    listed = await host.ask("GET", JOURNAL)
    first = listed.json["turns"][-1]
    assert {name: first[name] for name in ("position", "turn", "operation", "error")} == {
        "position": 1,
        "turn": 1,
        "operation": "save",
        "error": None,
    }
    assert (first["host_calls"], first["version"], first["instance"]) == (1, 1, 1)
    assert (first["caller"], first["read_only"]) == ("client:anonymous", False)
    page = (await host.ask("GET", f"{JOURNAL}?limit=1")).json
    assert ([each["turn"] for each in page["turns"]], page["more"]) == ([3], True)
    page = (await host.ask("GET", f"{JOURNAL}?before=3")).json
    assert ([each["turn"] for each in page["turns"]], page["more"]) == ([2, 1], False)
    exported = await host.ask("GET", f"{BUNDLE}?from=2&to=2")
    assert exported.headers["content-type"] == "application/vnd.kelpie.bundle"
    assert read_bundle(exported.body, DEFAULT_LIMITS).turns == 2
    absent = await host.ask("GET", f"{BUNDLE}?from=9")
    assert (absent.status, absent.json["code"]) == (404, "turns-not-found")


async def test_configuration_in_a_bundle_is_for_who_may_see_it(host: Host) -> None:
    await host.ask("PUT", POLICY, b"all", Content_Type=TEXT)
    assert await run(host, "save", b'"1"') == 200
    admin = await host.token("root", Role.ADMIN)
    reader = await host.token("reader", Role.READ)
    both = await host.token("both", Role.READ, Role.DEPLOY)
    # Nothing is set: what the actor keeps is all that is in it.
    assert (await host.ask("GET", BUNDLE, **bearer(reader))).status == 200
    config = "/v1/kinds/rogue/config"
    body = b'{"COLOR": "red"}'
    put = await host.ask("PATCH", config, body, Content_Type=JSON, **bearer(admin))
    assert put.status == 200
    path = "/v1/actors/rogue/a%2Fb/save"
    saved = await host.ask("POST", path, b'"2"', Content_Type=JSON, **bearer(admin))
    assert saved.status == 200
    for secret in (reader, both, admin):
        # As at its own path.
        seen = (await host.ask("GET", config, **bearer(secret))).status
        exported = await host.ask("GET", BUNDLE, **bearer(secret))
        assert exported.status == seen == (403 if secret == reader else 200)
    refused = await host.ask("GET", BUNDLE, **bearer(reader))
    assert (refused.code, refused.json["roles"]) == ("forbidden", ["deploy", "admin"])
    assert "set for the kind as configuration" in refused.json["detail"]
    # Turns of before have none in them.
    assert (await host.ask("GET", f"{BUNDLE}?to=1", **bearer(reader))).status == 200


async def test_a_failure_names_its_bundle(host: Host) -> None:
    body = b'{"kind": "failed"}'
    answer = await host.ask("POST", "/v1/actors/rogue/a%2Fb/fail", body, Content_Type=JSON)
    assert answer.json["bundle"] == f"{BUNDLE}?namespace=default&from=1&to=1"
    exported = await host.ask("GET", answer.json["bundle"])
    assert read_bundle(exported.body, DEFAULT_LIMITS).turns == 1


async def test_a_deploy_is_tried_on_recorded_turns(host: Host) -> None:
    path = "/v1/kinds/rogue?shadow=5"
    absent = await host.ask("PUT", path, COUNTER.read_bytes())
    assert (absent.status, absent.json["code"]) == (404, "turns-not-found")
    await host.ask("PUT", POLICY, b"all", Content_Type=TEXT)
    for operation, body in (("volatile", b"{}"), ("save", b'"1"')):
        assert await run(host, operation, body) == 200
    same = ROGUE.read_bytes() + b"\0\x05\x04next"
    checked = await host.ask("PUT", f"{path}&check=true", same)
    assert (checked.status, checked.json["changed"]) == (200, True)
    refused = await host.ask("PUT", path, COUNTER.read_bytes())
    assert (refused.status, refused.json["code"]) == (409, "replay-diverged")
    assert (refused.json["turns"], refused.json["changed"]) == (2, 2)
    assert refused.json["changes"][0]["operation"] == "volatile"
    assert (await host.ask("GET", "/v1/kinds/rogue")).json["number"] == 1
    assert (await host.ask("PUT", path, same)).status == 201


async def test_a_deploy_that_does_something_else_goes_where_that_is_allowed(host: Host) -> None:
    path = "/v1/kinds/rogue?allow_divergence=true"
    about_nothing = await host.ask("PUT", path, COUNTER.read_bytes())
    assert (about_nothing.status, about_nothing.json["code"]) == (400, "invalid-request")
    await host.ask("PUT", POLICY, b"all", Content_Type=TEXT)
    for operation, body in (("volatile", b"{}"), ("save", b'"1"')):
        assert await run(host, operation, body) == 200
    deployed = await host.ask("PUT", f"{path}&shadow=5", COUNTER.read_bytes())
    assert (deployed.status, deployed.json["number"]) == (201, 2)
    shadow = deployed.json["shadow"]
    assert (shadow["same"], shadow["turns"], shadow["changed"]) == (False, 2, 2)
    assert shadow["changes"][0]["operation"] == "volatile"
    assert shadow["operations"]["volatile"]["fuel_before"] > 0
    # What was found is told once, to who asked.
    assert (await host.ask("PUT", "/v1/kinds/rogue", COUNTER.read_bytes())).json["shadow"] is None


async def test_who_may(host: Host) -> None:
    """Of a journal as much as of what is stored; what is kept is set by who deploys."""
    await host.token("admin", Role.ADMIN)
    for role, listed, changed in (
        (Role.INVOKE, 403, 403),
        (Role.READ, 200, 403),
        (Role.DEPLOY, 403, 200),
    ):
        token = bearer(await host.token(role.value, role))
        assert (await host.ask("GET", JOURNAL, **token)).status == listed, role
        answer = await host.ask("PUT", POLICY, b"off", Content_Type=TEXT, **token)
        assert answer.status == changed, role
