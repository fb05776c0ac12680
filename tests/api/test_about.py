"""What a host tells of itself."""

from __future__ import annotations

from dataclasses import fields

from kelpie import __version__
from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import COUNTER, Host


async def test_the_host(host: Host) -> None:
    told = (await host.ask("GET", "/v1/host")).json
    assert told["version"] == __version__
    assert told["node"] == host.runtime.node.name
    assert told["limits"].keys() == {each.name for each in fields(DEFAULT_LIMITS)}
    assert told["limits"]["payload_bytes_max"]["value"] == DEFAULT_LIMITS.payload_bytes_max


async def test_namespaces(host: Host) -> None:
    assert (await host.ask("GET", "/v1/namespaces")).json == {
        "namespaces": [{"namespace": "default", "kinds": 2}]
    }
    deployed = await host.ask(
        "PUT",
        "/v1/kinds/counter?namespace=shop",
        COUNTER.read_bytes(),
        Content_Type="application/wasm",
    )
    assert deployed.status == 201
    await host.ask("DELETE", "/v1/kinds/rogue?force=true")
    assert (await host.ask("GET", "/v1/namespaces")).json == {
        "namespaces": [{"namespace": "default", "kinds": 1}, {"namespace": "shop", "kinds": 1}]
    }
