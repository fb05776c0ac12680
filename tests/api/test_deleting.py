"""Deleting an actor over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from kelpie.api.client import Client
from kelpie.errors import RequestMismatch
from kelpie.ids import text
from tests.api.support import Host

ALICE = "/v1/actors/counter/alice"


async def test_it_is_gone_and_there_again(host: Host) -> None:
    assert (await host.ask("POST", f"{ALICE}/increment")).json == {"value": 1}
    deleted = await host.ask("DELETE", ALICE, Idempotency_Key="bye")
    named = {"namespace": "default", "kind": "counter", "key": "alice"}
    assert (deleted.status, deleted.json) == (200, {**named, "deleted": True})
    assert deleted.headers["content-type"] == "application/json"
    assert deleted.headers["kelpie-request-id"] == "bye"
    assert (await host.ask("GET", "/v1/state/counter/alice")).code == "value-not-found"
    assert (await host.ask("GET", "/v1/actors/counter")).json["actors"] == []
    assert (await host.ask("GET", ALICE)).json["turns"] == 2
    assert (await host.ask("POST", f"{ALICE}/increment")).json == {"value": 1}
    # Late, and done already.
    again = await host.ask("DELETE", ALICE, Idempotency_Key="bye")
    assert (again.status, again.body) == (200, deleted.body)
    assert (await host.ask("POST", f"{ALICE}/get")).json == {"value": 1}


async def test_one_that_was_never_used(host: Host) -> None:
    deleted = await host.ask("DELETE", "/v1/actors/counter/a%2Fb?namespace=default")
    named = {"namespace": "default", "kind": "counter", "key": "a/b"}
    assert (deleted.status, deleted.json) == (200, {**named, "deleted": False})
    assert deleted.headers["kelpie-request-id"]


@pytest.mark.parametrize(
    ("target", "headers", "code"),
    [
        ("/v1/actors/conuter/alice", {}, "kind-not-found"),
        ("/v1/actors/counter/%ff", {}, "invalid-request"),
        ("/v1/actors/Counter/alice", {}, "invalid-address"),
        ("/v1/actors/counter/alice?force=yes", {}, "invalid-request"),
        ("/v1/actors/counter/alice", {"Idempotency_Key": "a b"}, "invalid-request"),
        ("/v1/actors/counter/alice", {"Kelpie_Deadline_Ms": "0"}, "invalid-request"),
        ("/v1/actors/counter/alice/increment", {}, "method-not-allowed"),
        ("/v1/actors/counter", {}, "method-not-allowed"),
        ("/v1/state/counter/alice", {}, "method-not-allowed"),
    ],
)
async def test_mistakes(host: Host, target: str, headers: dict[str, str], code: str) -> None:
    await host.ask("POST", f"{ALICE}/increment")
    assert (await host.ask("DELETE", target, **headers)).code == code
    assert (await host.ask("POST", f"{ALICE}/get")).json == {"value": 1}


async def test_many_clients_at_once(host: Host) -> None:
    """Whatever the order: nobody sees half of it."""

    async def work(number: int) -> list[int]:
        seen = []
        for count in range(20):
            if (number + count) % 7 == 0:
                assert (await host.ask("DELETE", ALICE)).status == 200
            else:
                seen.append((await host.ask("POST", f"{ALICE}/increment")).json["value"])
        return seen

    seen = [value for values in await asyncio.gather(*map(work, range(8))) for value in values]
    # As often as it began anew, the first one was told 1.
    assert seen.count(1) >= 2
    assert sorted(set(seen)) == list(range(1, max(seen) + 1))


async def test_by_the_client(host: Host) -> None:
    async with Client(host.url) as client:
        await client.invoke("counter", "a/b", "increment", text(""))
        assert (await client.delete_actor("counter", "a/b", request_id="x"))["deleted"]
        assert not (await client.delete_actor("counter", "a/b", timeout=5))["deleted"]
        with pytest.raises(RequestMismatch) as caught:
            await client.invoke("counter", "a/b", "increment", text(""), request_id="x")
        assert caught.value.details["request_id"] == "x"
