"""Durable turns are bounded, and those that cannot go on say so."""

from __future__ import annotations

import asyncio

import pytest

from kelpie.errors import (
    ActorFailed,
    ActorRejected,
    DurableTurnDiverged,
    DurableTurnVersionGone,
    GuestLimitExceeded,
    KindInUse,
    StoredValueCorrupt,
    StoreReadFailed,
)
from kelpie.ids import Payload, text
from kelpie.store.durable_keys import DurableKeys, in_flight_of
from kelpie.store.keyspace import ActorKeys
from tests.runtime.conftest import StartScripted
from tests.runtime.durable.support import Stops, crashed, in_flight, rounds, started, until
from tests.runtime.link import unknown_and_lost, unknown_but_landed
from tests.runtime.scripted import Host, Script
from tests.runtime.scripts import append
from tests.runtime.support import DEADLINE_MS, TestNode, address, outcome


async def stopped(
    scripted: StartScripted, stops: Stops, place: str, argument: str = "a b", **more: object
) -> TestNode:
    """A node whose turn `r` has stopped there."""
    node = await started(scripted, stops, **more)  # type: ignore[arg-type]
    stops.at.add(place)
    node.ask("rounds", argument, id="r").add_done_callback(lambda done: done.exception())
    await until(lambda: place in stops.reached)
    return node


async def test_calls_are_bounded(scripted: StartScripted) -> None:
    node = await started(scripted, Stops(), durable_turn_calls_max=2)
    with pytest.raises(GuestLimitExceeded, match="durable_turn_calls_max"):
        await node.get("rounds", "a b c", id="r")
    assert await in_flight(node) == []
    assert await node.get("read") == ""
    # What was called for stays done, once.
    assert await outcome(node.ask("rounds", "a b c", id="r")) == "guest-limit-exceeded"
    assert await node.get("read", key="a") == "x"


async def test_bytes_are_bounded(scripted: StartScripted) -> None:
    node = await started(scripted, Stops(), durable_turn_bytes_max=700)
    with pytest.raises(GuestLimitExceeded, match="durable_turn_bytes_max"):
        await node.get("rounds", "a " * 20, id="r")
    assert await in_flight(node) == []


async def test_age_is_bounded(scripted: StartScripted) -> None:
    stops = Stops()
    node = await stopped(scripted, stops, "one/2", durable_turn_age_ms_max=60_000)
    node.env.wall_ahead_ms += 61_000
    stops.pass_all()
    with pytest.raises(ActorRejected, match="durable_turn_age_ms_max") as refused:
        await node.get("rounds", "a b", id="r")
    assert refused.value.rejection_code == "turn-expired"
    assert await in_flight(node) == []
    assert await node.get("read", key="b") == ""


async def test_age_counts_from_before_a_crash(scripted: StartScripted) -> None:
    stops = Stops()
    node = await stopped(scripted, stops, "one/2", durable_turn_age_ms_max=60_000)
    node.env.wall_ahead_ms += 61_000
    following = await crashed(scripted, node, stops, durable_turn_age_ms_max=60_000)
    stops.pass_all()
    assert await outcome(following.ask("rounds", "a b", id="r")) == "rejected"
    assert await in_flight(following) == []


async def test_its_callers_deadline_does_not_end_it(scripted: StartScripted) -> None:
    stops = Stops()
    node = await started(scripted, stops)
    stops.at.add("one/2")
    asked = node.ask("rounds", "a b", id="r", deadline_ms=50)
    await until(lambda: "one/2" in stops.reached)
    assert await outcome(asked) == "outcome-unknown"
    again = node.ask("rounds", "a b", id="r")
    stops.pass_all()
    assert await outcome(again) == "x,x"


async def test_one_that_fails_leaves_nothing(scripted: StartScripted) -> None:
    async def fail(host: Host) -> Payload:
        await host.call("a", "append", "x")
        host.save(text("must not be kept"))
        raise ActorFailed("no")

    node = await started(scripted, Stops(), {"durable-fail": fail})
    for _ in range(2):
        with pytest.raises(ActorFailed):
            await node.get("durable-fail", id="r")
        assert await in_flight(node) == []
    assert await node.get("read") == ""
    assert await node.get("read", key="a") == "x"


async def test_a_run_that_differs_stops_and_says_where(scripted: StartScripted) -> None:
    stops = Stops()
    node = await stopped(scripted, stops, "one/2")

    async def otherwise(host: Host) -> Payload:
        await host.call("b", "append", "x")
        return text("")

    following = await crashed(scripted, node, stops, {"rounds": otherwise})
    with pytest.raises(DurableTurnDiverged, match="kelpie cancel thing/one") as found:
        await following.get("rounds", "a b", id="r")
    told = found.value.details
    assert (told["turn"], told["call"]) == (1, 1)
    assert "'a'" in str(told["expected"])
    assert "thing/b" in str(told["got"])
    # Whatever else is asked of the actor is not run, and the journal stays.
    assert await outcome(following.ask("append", "y")) == "durable-turn-diverged"
    assert await in_flight(following) == [("one", "rounds", 1)]
    assert await following.get("append", "y", key="b") == "y"
    stops.pass_all()
    await following.runtime.turns.cancel(address())
    assert await following.get("append", "y") == "y"
    assert await outcome(following.ask("rounds", "a b", id="r")) == "rejected"


async def test_one_that_asks_less_differs(scripted: StartScripted) -> None:
    stops = Stops()
    node = await stopped(scripted, stops, "one/2")
    following = await crashed(scripted, node, stops, {"rounds": append})
    with pytest.raises(DurableTurnDiverged, match="was not made"):
        await following.get("read")
    # With the host that it began with it goes on.
    stops.pass_all()
    back = await crashed(scripted, following, stops)
    assert await back.get("rounds", "a b", id="r") == "x,x"


async def test_it_is_run_by_the_version_that_it_began_with(scripted: StartScripted) -> None:
    stops = Stops()
    node = await stopped(scripted, stops, "one/2")

    def other(_host: Host) -> Payload:
        return text("the new one")

    scripts: dict[str, Script] = {"append": append, "rounds": other}
    for each in (node, following := await crashed(scripted, node, stops)):
        each.engine.add("newer", scripts)  # type: ignore[attr-defined]
    await following.runtime.deploy("default", "thing", b"newer")
    following = await crashed(scripted, following, stops)
    stops.pass_all()
    assert await following.get("rounds", "a b", id="r") == "x,x"
    assert following.runtime.kind("default", "thing").number == 3
    assert (await following.runtime.actors.show(address())).deploy_number == 3


async def test_a_version_that_is_gone_is_named(scripted: StartScripted) -> None:
    stops = Stops()
    more = {"versions_max": 2}
    node = await stopped(scripted, stops, "one/2", **more)
    for number in range(3):
        node.engine.add(f"v{number}", {"append": append})  # type: ignore[attr-defined]
        await node.runtime.deploy("default", "thing", f"v{number}".encode())
    following = await crashed(scripted, node, stops, **more)
    with pytest.raises(DurableTurnVersionGone, match="version 1"):
        await following.get("append", "y")
    await following.runtime.turns.cancel(address())
    assert await following.get("append", "y") == "y"
    stops.pass_all()


async def test_a_damaged_one_can_be_cancelled(scripted: StartScripted) -> None:
    stops = Stops()
    node = await stopped(scripted, stops, "one/2")
    begun = DurableKeys(ActorKeys(address())).begun
    transaction = node.client.transaction()
    transaction.set(begun, b"damaged")
    await transaction.commit()
    following = await crashed(scripted, node, stops, durable_sweep_ms=1_000_000)
    with pytest.raises(StoredValueCorrupt):
        await following.get("append", "y")
    await following.runtime.turns.cancel(address())
    assert await following.get("append", "y") == "y"
    stops.pass_all()


async def test_what_a_store_does_not_answer_is_asked_later(scripted: StartScripted) -> None:
    async def look(host: Host) -> Payload:
        await host.call("a", "append", "x")
        await stops.reach("looks")
        value = await host.get(b"key")
        return text("none" if value is None else "some")

    stops = Stops()
    node = await started(scripted, stops, {"durable-look": look})
    stops.at.add("looks")
    asked = node.ask("durable-look", id="r")
    await until(lambda: "looks" in stops.reached)
    node.link.read_error = StoreReadFailed("not now")
    stops.pass_all()
    await until(lambda: node.link.reads > 3)
    await asyncio.sleep(0.01)
    node.link.read_error = None
    assert await node.get("durable-look", id="r") == "none"
    assert await outcome(asked) in {"none", "outcome-unknown"}
    assert await node.get("read", key="a") == "x"


@pytest.mark.parametrize("commit", range(6))
@pytest.mark.parametrize("fate", [unknown_but_landed, unknown_and_lost])
async def test_a_doubtful_commit_does_nothing_twice(
    scripted: StartScripted, commit: int, fate: object
) -> None:
    node = await started(scripted, Stops())
    node.link.fates.extend([lambda held: held.land()] * commit)
    node.link.fates.append(fate)  # type: ignore[arg-type]
    first = await outcome(node.ask("rounds", "a b", id="r"))
    assert first in {"x,x", "outcome-unknown", "commit-failed"}
    assert await node.get("rounds", "a b", id="r") == "x,x"
    assert await node.get("read", key="a") == "x"
    assert await node.get("read", key="b") == "x"
    assert await node.get("read") == "[x,x]"
    assert await in_flight(node) == []


async def test_an_open_call_that_is_too_old_is_unknown(scripted: StartScripted) -> None:
    stops = Stops()
    limits = {"request_record_age_ticks_min": 2, "store_tick_ms": 50}
    node = await stopped(scripted, stops, "one/2", **limits)
    following = await crashed(scripted, node, stops, durable_sweep_ms=1_000_000, **limits)
    tick = following.runtime.node.tick
    begun = tick.value
    await until(lambda: tick.value >= begun + 3)
    stops.pass_all()
    assert await following.get("rounds", "a b", id="r") == "x,unknown"
    assert await following.get("read", key="b") == ""


async def test_a_kind_with_one_in_flight_is_in_use(scripted: StartScripted) -> None:
    stops = Stops()
    node = await stopped(scripted, stops, "one/2", "two b")
    with pytest.raises(KindInUse):
        await node.runtime.delete_kind("default", "thing")
    await node.runtime.delete_kind("default", "thing", force=True)
    transaction = node.client.transaction()
    assert await transaction.get_range(*in_flight_of("default", None), limit=1) == []
    stops.pass_all()


async def test_what_is_not_durable_is_not_kept(scripted: StartScripted) -> None:
    stops = Stops()
    node = await started(scripted, stops, {"rounds-undone": rounds(stops)})
    stops.at.add("one/2")
    asked = node.ask("rounds-undone", "a b", deadline_ms=DEADLINE_MS)
    await until(lambda: "one/2" in stops.reached)
    assert await in_flight(node) == []
    stops.pass_all()
    await asked
