"""What a turn sees of its kv: its own writes, those of earlier turns, the store."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kelpie.errors import ActorFailed
from kelpie.ids import Payload, text
from kelpie.limits import Limits
from tests.runtime.conftest import LIMITS, StartScripted
from tests.runtime.scripted import Host, Script, ScriptedEngine
from tests.runtime.support import TestNode, World, outcome, settle


def write(host: Host) -> None:
    """Writes what the argument says: keys and values, None to delete."""
    for key, value in json.loads(host.turn.argument.data)["writes"].items():
        host.set(key.encode(), None if value is None else text(value))


async def put(host: Host) -> Payload:
    write(host)
    return text("ok")


async def page(host: Host) -> Payload:
    """Writes, and lists with what it wrote on top."""
    write(host)
    asked = json.loads(host.turn.argument.data)
    after = asked.get("after")
    found = await host.list(
        asked.get("prefix", "").encode(),
        None if after is None else after.encode(),
        asked.get("limit", 100),
        asked.get("reverse", False),
    )
    entries = [(key.decode(), value.data.decode()) for key, value in found.entries]
    return text(json.dumps([entries, found.more]))


async def look(host: Host) -> Payload:
    write(host)
    value = await host.get(json.loads(host.turn.argument.data)["key"].encode())
    return text(json.dumps(None if value is None else value.data.decode()))


SCRIPTS: dict[str, Script] = {"put": put, "page": page, "look": look}


def listed(
    model: dict[str, str], prefix: str, after: str | None, limit: int, reverse: bool
) -> tuple[list[list[str]], bool]:
    """What a listing is, over a plain dict."""
    keys = sorted(
        (key for key in model if key.encode().startswith(prefix.encode())),
        key=str.encode,
        reverse=reverse,
    )
    if after is not None:
        edge = after.encode()
        keys = [k for k in keys if (k.encode() < edge if reverse else k.encode() > edge)]
    return [[key, model[key]] for key in keys[:limit]], len(keys) > limit


def apply(model: dict[str, str], writes: dict[str, str | None] | None) -> None:
    """What a turn leaves; None stands for a deletion of the actor."""
    if writes is None:
        model.clear()
        return
    for key, value in writes.items():
        if value is None:
            model.pop(key, None)
        else:
            model[key] = value


KEYS = st.text("ab\0é/", min_size=1, max_size=3)
WRITES = st.dictionaries(KEYS, st.none() | st.text("xyz", max_size=3), max_size=6)
LISTING = st.fixed_dictionaries(
    {
        "writes": WRITES,
        "prefix": st.text("ab\0é", max_size=2),
        "after": st.none() | KEYS,
        "limit": st.integers(0, 8),
        "reverse": st.booleans(),
    }
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    durable=WRITES,
    in_flight=WRITES | st.none(),
    open_=st.lists(WRITES | st.none(), max_size=3),
    asked=LISTING,
    lands=st.booleans(),
    rows=st.integers(1, 4),
)
async def test_listings_are_those_of_a_sorted_dict(
    durable: dict[str, str | None],
    in_flight: dict[str, str | None] | None,
    open_: list[dict[str, str | None] | None],
    asked: dict[str, Any],
    lands: bool,
    rows: int,
) -> None:
    world = World()
    node = await _start(world, kv_rows_at_once_max=rows)
    model: dict[str, str] = {}
    await node.get("put", json.dumps({"writes": durable}))
    apply(model, durable)
    node.link.holding = True
    puts = [
        node.delete() if writes is None else node.ask("put", json.dumps({"writes": writes}))
        for writes in [in_flight, *open_]
    ]
    await settle(5)
    for writes in [in_flight, *open_]:
        apply(model, writes)
    stand = node.link.stand_after(0)
    listing = node.ask("page", json.dumps(asked))
    await settle(5)
    if lands:
        # Its overlay was taken; now what was in flight lands.
        node.link.release()
    stand.set_result(None)
    node.link.reads_stand = None
    await settle(5)
    node.link.release()
    apply(model, asked["writes"])
    expected = listed(model, asked["prefix"], asked["after"], asked["limit"], asked["reverse"])
    assert json.loads(await outcome(listing)) == list(expected)
    for each in puts:
        assert await outcome(each) in {"ok", '{"deleted":true}', '{"deleted":false}'}
    # And once all of it is durable.
    again = json.loads(await node.get("page", json.dumps({**asked, "writes": {}})))
    assert again == list(expected)
    await world.close()
    assert world.faults == []


async def _start(world: World, **limits: int) -> TestNode:
    node = await world.start(ScriptedEngine(thing=SCRIPTS), Limits(**{**LIMITS, **limits}))
    await node.runtime.deploy("default", "thing", b"thing")
    return node


async def test_a_turn_reads_its_own_writes(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    assert await node.value("look", {"writes": {"a": "1"}, "key": "a"}) == "1"
    assert await node.value("look", {"writes": {"a": None}, "key": "a"}) is None
    assert await node.value("look", {"writes": {}, "key": "a"}) is None


@pytest.mark.parametrize("lands", ["before the read", "during the read", "after the read"])
async def test_get_sees_earlier_turns_whenever_they_land(
    scripted: StartScripted, lands: str
) -> None:
    node = await scripted(SCRIPTS)
    await node.value("page", {"writes": {"a": "old", "b": "old", "c": "old"}})
    node.link.holding = True
    writes = {"writes": {"a": "new", "b": None}}
    put_asked = node.ask("put", json.dumps(writes))
    held = await node.link.held()
    if lands == "before the read":
        held.land()
    stand = node.link.stand_after(0)
    looks = [node.ask("look", json.dumps({"writes": {}, "key": key})) for key in "abc"]
    await settle()
    if lands == "during the read":
        held.land()
    await settle()
    stand.set_result(None)
    node.link.reads_stand = None
    await settle()
    if lands == "after the read":
        held.land()
    node.link.release()
    assert [json.loads(await outcome(each)) for each in looks] == ["new", None, "old"]
    await put_asked


async def test_what_a_failed_turn_wrote_is_not_seen(scripted: StartScripted) -> None:
    def fail(host: Host) -> Payload:
        write(host)
        raise ActorFailed("a bug")

    node = await scripted({**SCRIPTS, "fail": fail})
    await node.get("put", json.dumps({"writes": {"a": "1"}}))
    node.link.hold()
    asked = [
        node.ask("put", json.dumps({"writes": {"b": "2"}})),
        node.ask("fail", json.dumps({"writes": {"a": None, "b": None, "c": "3"}})),
        node.ask("page", json.dumps({"writes": {}})),
    ]
    (await node.link.held()).land()
    await outcome(asked[0])
    assert await outcome(asked[1]) == "actor-failed"
    assert json.loads(await outcome(asked[2])) == [[["a", "1"], ["b", "2"]], False]


async def test_a_page_is_bounded_in_entries_and_bytes(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, kv_page_entries_max=7, kv_page_bytes_max=200)
    small = {f"s{n:02}": "x" for n in range(20)}
    large = {f"t{n}": "y" * 90 for n in range(5)}
    huge = {"u0": "z" * 500, "u1": "z" * 500}
    await node.get("put", json.dumps({"writes": {**small, **large, **huge}}))
    entries, more = await node.value("page", {"writes": {}, "limit": 1000})
    assert (len(entries), more) == (7, True)
    entries, more = await node.value("page", {"writes": {}, "prefix": "t"})
    assert ([key for key, _ in entries], more) == (["t0", "t1"], True)
    # One entry that is too large by itself is not lost.
    entries, more = await node.value("page", {"writes": {}, "prefix": "u"})
    assert ([key for key, _ in entries], more) == (["u0"], True)
    entries, more = await node.value("page", {"writes": {}, "prefix": "u", "after": "u0"})
    assert ([key for key, _ in entries], more) == (["u1"], False)


@pytest.mark.parametrize("reverse", [False, True])
async def test_pages_put_together_are_the_whole(scripted: StartScripted, reverse: bool) -> None:
    node = await scripted(SCRIPTS, kv_page_bytes_max=300, kv_rows_at_once_max=3)
    stored = {f"k{n:03}": "x" * (n % 50) for n in range(60)}
    await node.get("put", json.dumps({"writes": stored}))
    overlay: dict[str, str | None] = {f"k{n:03}": None for n in range(0, 60, 3)}
    overlay |= {f"k{n:03}": "new" for n in range(1, 90, 4)}
    model = dict(stored)
    apply(model, overlay)
    found: list[list[str]] = []
    more, after = True, None
    while more:
        asked = {"writes": overlay, "after": after, "limit": 7, "reverse": reverse}
        entries, more = await node.value("page", asked)
        assert entries
        found += entries
        after = entries[-1][0]
    assert found == [[key, model[key]] for key in sorted(model, reverse=reverse)]


async def test_large_values_are_read_whole(scripted: StartScripted, world: World) -> None:
    node = await scripted(SCRIPTS)
    await node.get("put", json.dumps({"writes": {"a": "x" * 250_000, "b": "small"}}))
    assert await node.value("look", {"writes": {}, "key": "a"}) == "x" * 250_000
    await node.get("put", json.dumps({"writes": {"a": "now small", "b": "y" * 250_000}}))
    again = await world.start(node.engine, node.limits)
    entries, _ = await again.value("page", {"writes": {}})
    assert entries == [["a", "now small"], ["b", "y" * 250_000]]


async def test_reads_let_go_of_what_they_hold(scripted: StartScripted) -> None:
    """A transaction that is merely forgotten may pin a version of the store."""
    node = await scripted(SCRIPTS, read_only={"look"})
    held = _transactions_of(node)
    await node.get("put", json.dumps({"writes": {"a": "1"}}), id="request")
    await node.get("put", json.dumps({"writes": {"a": "1"}}), id="request")
    await node.value("look", {"writes": {}, "key": "a"})
    await node.value("page", {"writes": {}})
    await node.runtime.actors.show(node.envelope("x").target)
    node.link.hold()
    asked = node.ask("put", json.dumps({"writes": {"b": "1"}}))
    (await node.link.held()).lose()
    await outcome(asked)
    assert not [each for each in held if not each.finished]


def _transactions_of(node: TestNode) -> list[Any]:
    begun: list[Any] = []
    original = node.client.transaction

    def transaction(version: int | None = None) -> Any:
        begun.append(original(version))
        return begun[-1]

    node.client.transaction = transaction  # type: ignore[method-assign, assignment]
    return begun
