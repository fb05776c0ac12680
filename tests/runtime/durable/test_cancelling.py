"""Durable turns in flight: who sees them, and how one is ended by hand."""

from __future__ import annotations

import pytest

from kelpie.errors import ActorRejected, TurnNotInFlight
from kelpie.store.protocol import Transaction
from tests.runtime.conftest import StartScripted
from tests.runtime.durable.support import Stops, crashed, in_flight, started, until
from tests.runtime.support import address, outcome


async def test_those_in_flight_are_listed(scripted: StartScripted) -> None:
    stops = Stops()
    node = await started(scripted, stops)
    stops.at |= {"one/3", "two/2"}
    asked = [
        node.ask("rounds", "a b c", id="r"),
        node.ask("rounds", "a b", key="two"),
        node.ask("rounds", "a", key="three"),
    ]
    await until(lambda: len(stops.reached) == 5 + 2)
    assert await in_flight(node) == [("one", "rounds", 2), ("two", "rounds", 1)]
    turns = node.runtime.turns
    page = await turns.page("default", "thing", None, 1)
    (found, told), after = page.turns[0], page.after
    assert (found, told.number, told.deploy_number, told.request_id) == (address(), 1, 1, "r")
    assert told.size > 0
    page = await turns.page("default", "thing", after, 1)
    assert ([found.key for found, _ in page.turns], page.after) == (["two"], None)
    assert (await turns.page("elsewhere", None, None, 10)).turns == []
    stops.pass_all()
    for each in asked:
        await each
    assert await in_flight(node) == []


async def test_one_that_runs_is_cancelled(scripted: StartScripted) -> None:
    stops = Stops()
    node = await started(scripted, stops)
    stops.at.add("one/2")
    first = node.ask("rounds", "a b", id="r")
    behind = node.ask("append", "y")
    await until(lambda: "one/2" in stops.reached)
    witnessed = []

    async def witness(_transaction: Transaction, _detail: str) -> None:
        witnessed.append("told")

    await node.runtime.turns.cancel(address(), 1, witness)
    with pytest.raises(ActorRejected, match="cancelled") as refused:
        await first
    assert refused.value.rejection_code == "turn-cancelled"
    assert witnessed
    # Nothing of it is kept but that, and whoever asks again is told.
    assert await outcome(behind) == "y"
    assert await in_flight(node) == []
    with pytest.raises(ActorRejected, match="cancelled"):
        await node.get("rounds", "a b", id="r")
    assert await node.get("read", key="a") == "x"
    assert await node.get("read", key="b") == ""
    with pytest.raises(TurnNotInFlight):
        await node.runtime.turns.cancel(address())


async def test_one_that_waits_for_another_is_cancelled(scripted: StartScripted) -> None:
    stops = Stops()
    node = await started(scripted, stops)
    stops.at.add("two/1")
    first = node.ask("rounds", "a", id="r")
    await first
    # It waits for an actor that has stopped.
    stops.at.add("a/end")
    other = node.ask("rounds", "", key="a")
    await until(lambda: "a/end" in stops.reached)
    waiting = node.ask("rounds", "b a")
    await until(lambda: stops.reached[-1] == "one/2")
    await until(lambda: node.runtime.reception.calls.waiting)
    await node.runtime.turns.cancel(address())
    assert await outcome(waiting) == "rejected"
    stops.pass_all()
    await other


async def test_one_that_nobody_runs_is_cancelled(scripted: StartScripted) -> None:
    stops = Stops()
    node = await started(scripted, stops)
    stops.at.add("one/2")
    first = node.ask("rounds", "a b", id="r")
    await until(lambda: "one/2" in stops.reached)
    following = await crashed(scripted, node, stops, durable_sweep_ms=1_000_000)
    await following.runtime.turns.cancel(address(), 1)
    assert await in_flight(following) == []
    assert await outcome(following.ask("rounds", "a b", id="r")) == "rejected"
    assert await following.get("append", "y") == "y"
    stops.pass_all()
    await outcome(first)


async def test_another_turn_is_not_cancelled(scripted: StartScripted) -> None:
    stops = Stops()
    node = await started(scripted, stops)
    stops.at.add("one/2")
    asked = node.ask("rounds", "a b")
    await until(lambda: "one/2" in stops.reached)
    with pytest.raises(TurnNotInFlight, match="turn 7"):
        await node.runtime.turns.cancel(address(), 7)
    stops.pass_all()
    assert await asked
