"""Durable turns go on after a crash, and ask nobody twice."""

from __future__ import annotations

import pytest

from tests.runtime.conftest import StartScripted
from tests.runtime.durable.support import Stops, crashed, in_flight, started, until
from tests.runtime.support import outcome


async def test_without_a_crash_it_is_like_any_other_turn(scripted: StartScripted) -> None:
    node = await started(scripted, Stops())
    assert await node.get("rounds", "a b a", id="r") == "x,x,xx"
    assert await node.get("read") == "[x,x,xx]"
    assert await in_flight(node) == []
    # It is not run again.
    assert await node.get("rounds", "a b a", id="r") == "x,x,xx"
    assert await node.get("read", key="a") == "xx"
    assert await node.get("append", "y") == "[x,x,xx]y"


@pytest.mark.parametrize("stop", ["one/1", "one/2", "one/3", "one/end"])
async def test_it_goes_on_by_itself_where_it_was(scripted: StartScripted, stop: str) -> None:
    stops = Stops()
    node = await started(scripted, stops)
    stops.at.add(stop)
    first = node.ask("rounds", "a b a", id="r")
    await until(lambda: stop in stops.reached)
    following = await crashed(scripted, node, stops)
    stops.pass_all()
    asked_again = following.ask("rounds", "a b a", id="r") if stop == "one/1" else None
    while (await following.get("read", key="one")) != "[x,x,xx]":
        pass
    assert await following.get("rounds", "a b a", id="r") == "x,x,xx"
    assert await following.get("read", key="a") == "xx"
    assert await following.get("read", key="b") == "x"
    assert await in_flight(following) == []
    assert await outcome(first) == "outcome-unknown"
    if asked_again is not None:
        assert await outcome(asked_again) == "x,x,xx"
