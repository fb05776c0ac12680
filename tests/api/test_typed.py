"""Actors whose operations are methods."""

from __future__ import annotations

from typing import Any

import pytest

from kelpie.api.client import Client
from kelpie.api.typed.description import Described
from kelpie.api.typed.descriptions import Descriptions
from kelpie.errors import (
    ActorRejected,
    InvalidArgument,
    InvalidText,
    KindNotFound,
    OperationNotFound,
)
from tests.api.support import LEDGER, Host


async def test_operations_are_methods(host: Host) -> None:
    async with Client(host.url) as client:
        alice = client.actor("counter", "alice")
        assert await alice.add(amount=5) == {"value": 5}
        assert await alice.add(2) == {"value": 7}
        assert await alice.increment() == {"value": 8}
        assert await alice["get"]() == {"value": 8}
        assert (alice.kind, alice.key) == ("counter", "alice")
        assert {"add", "get", "increment"} <= set(dir(alice))
        assert set(await alice.operations()) >= {"add", "get", "increment"}
        with pytest.raises(AttributeError):
            _ = alice._get


async def test_under_an_id_of_one_s_own_it_is_done_once(host: Host) -> None:
    async with Client(host.url) as client:
        alice = client.actor("counter", "alice")
        for _ in range(2):
            assert await alice.add.under("order-17", amount=5) == {"value": 5}
        assert await alice.get() == {"value": 5}


async def test_a_key_that_is_no_text_is_not_sent(host: Host) -> None:
    async with Client(host.url) as client:
        with pytest.raises(InvalidText, match=r"\\ud800' has half a surrogate pair"):
            await client.call("counter", "a\ud800", "get")


async def test_what_is_not_there_is_not_asked_for(host: Host) -> None:
    async with Client(host.url) as client:
        alice = client.actor("counter", "alice")
        with pytest.raises(OperationNotFound, match="did you mean 'increment'") as found:
            await alice.incremnt()
        assert "add" in found.value.details["known"]  # type: ignore[operator]
        with pytest.raises(OperationNotFound, match="it has increment, add"):
            await alice.zzz()
        with pytest.raises(KindNotFound, match="did you mean 'counter'"):
            await client.actor("conter", "alice").get()
    assert await host.turns("counter", "alice") == 0


@pytest.mark.parametrize(
    ("given", "members", "told"),
    [
        ((), {"amount": "two"}, "'two' is not of type 'integer'"),
        ((), {"amuont": 2}, "amuont"),
        (("two",), {}, "two"),
        ((1, 2), {}, "by name"),
        ((1,), {"amount": 2}, "by name"),
        ((b"\0",), {}, "bytes were given"),
        (({1, 2},), {}, "JSON has no such value"),
        ((float("nan"),), {}, "JSON has no such value"),
        ((), {}, "add does not take this argument"),
    ],
)
async def test_a_wrong_argument_is_not_sent(
    host: Host, given: tuple[object, ...], members: dict[str, object], told: str
) -> None:
    async with Client(host.url) as client:
        with pytest.raises(InvalidArgument, match=told) as found:
            await client.actor("counter", "alice").add(*given, **members)
        assert found.value.details["operation"] == "add"
        with pytest.raises(InvalidArgument):
            await client.actor("counter", "alice").get(5)
    assert await host.turns("counter", "alice") == 0


async def test_the_actor_has_the_last_word(host: Host) -> None:
    async with Client(host.url) as client:
        with pytest.raises(ActorRejected) as found:
            await client.call("counter", "alice", "add", "two")
        assert found.value.rejection_code == "bad-argument"


async def test_a_batch_is_checked_before_it_is_sent(host: Host) -> None:
    async with Client(host.url) as client:
        alice = client.actor("counter", "alice", timeout=5)
        added = [("add", 1), ("add", {"amount": 2}), ("get", None)]
        assert await alice.batch(added, request_id="b") == [{"value": n} for n in (1, 3, 3)]
        with pytest.raises(InvalidArgument):
            await alice.batch([("add", 1), ("add", "two")])
        assert await alice.get() == {"value": 3}


async def test_a_new_version_is_noticed(host: Host) -> None:
    """Nothing is refused on the word of an old one, and nothing is asked in vain."""
    async with Client(host.url) as client:
        alice = client.actor("counter", "alice")
        asked = 0
        ask = client.ask

        async def counting(method: str, *more: Any, **options: Any) -> tuple[str, bytes]:
            nonlocal asked
            asked += method == "GET"
            return await ask(method, *more, **options)

        client.ask = counting  # type: ignore[method-assign]
        for _ in range(3):
            await alice.increment()
        assert asked == 1
        assert (await host.deploy("counter", LEDGER)).status == 201
        with pytest.raises(OperationNotFound) as found:
            await alice.decrement()
        assert "append" in found.value.details["known"]  # type: ignore[operator]
        assert await client.actor("counter", "bob").append(item="fig") is not None
        assert asked == 2


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        (None, {"any": "thing"}, None),
        (True, 1, None),
        (False, 1, "False schema"),
        ({"type": "no such type"}, 1, None),
        ({"$ref": "http://127.0.0.1:1/schema"}, 1, None),
        ({"$ref": "#/$defs/no"}, 1, None),
        ({"$ref": "#"}, 1, None),
        ("no schema", 1, None),
        (
            {"properties": {"a": {"items": {"type": "integer"}}}},
            {"a": [1, "x"]},
            "a[1]: 'x' is not of type 'integer'",
        ),
        ({"maxLength": 1}, "x" * 1000, "..."),
    ],
)
def test_what_a_schema_says(schema: object, value: object, told: str | None) -> None:
    described = Described({"name": "op", "argument": schema})
    found = described.mismatch(value)
    assert found is None if told is None else found is not None and told in found
    assert found is None or len(found) < 400


async def test_so_many_descriptions_are_kept() -> None:
    async def fetch(kind: str, _until_ns: int) -> dict[str, object]:
        return {"number": 1, "operations": [{"name": kind, "argument": None}]}

    descriptions = Descriptions(fetch, 2)
    for kind in ("a", "b", "a", "c"):
        await descriptions.fetch(kind, 0)
    assert [kind for kind in "abc" if descriptions.kept(kind)] == ["a", "c"]
