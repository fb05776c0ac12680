"""`GET /v1/openapi.json` of a host."""

from __future__ import annotations

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.api.support import LEDGER, Host

TARGET = "/v1/openapi.json"


async def test_it_tells_of_what_is_deployed(host: Host) -> None:
    answer = await host.ask("GET", TARGET)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert not list(OpenAPIV31SpecValidator(answer.json).iter_errors())
    assert "/v1/actors/counter/{key}/increment" in answer.json["paths"]
    assert "/v1/actors/rogue/{key}/echo" in answer.json["paths"]
    await host.ask("DELETE", "/v1/kinds/rogue")
    assert "/v1/actors/rogue/{key}/echo" not in (await host.ask("GET", TARGET)).json["paths"]


async def test_one_kind_alone(host: Host) -> None:
    paths = (await host.ask("GET", f"{TARGET}?kind=counter")).json["paths"]
    assert "/v1/actors/counter/{key}/increment" in paths
    assert "/v1/actors/rogue/{key}/echo" not in paths
    assert "/v1/kinds" in paths
    assert (await host.ask("GET", f"{TARGET}?kind=nobody")).code == "kind-not-found"
    assert (await host.ask("GET", f"{TARGET}?kind=Bad")).code == "invalid-address"
    assert (await host.ask("GET", f"{TARGET}?namespace=Bad")).code == "invalid-address"


async def test_namespaces_have_documents_of_their_own(host: Host) -> None:
    other = (await host.ask("GET", f"{TARGET}?namespace=other")).json
    assert "/v1/actors/counter/{key}/increment" not in other["paths"]
    assert other["components"]["parameters"]["namespace"]["required"] is True


async def test_what_has_not_changed_is_not_sent_again(host: Host) -> None:
    tag = (await host.ask("GET", TARGET)).headers["etag"]
    again = await host.ask("HEAD", TARGET, If_None_Match=tag)
    assert (again.status, again.headers["etag"]) == (304, tag)
    await host.deploy("another", LEDGER)
    changed = await host.ask("GET", TARGET, If_None_Match=tag)
    assert changed.status == 200
    assert changed.headers["etag"] != tag
