"""Bugs of the host: whoever waits is answered, and the fault handler is told."""

from __future__ import annotations

import asyncio

import pytest

from kelpie.ids import Payload, text
from kelpie.runtime.actor.kv_view import KvView
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.commits.records import Record
from tests.runtime.conftest import StartScripted
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import TestNode, World, outcome, settle


class Bug(Exception):
    pass


def bug(*arguments: object, **more: object) -> object:
    raise Bug


async def told(node: TestNode) -> list[type[BaseException]]:
    """The faults that were reported, taken out."""
    await asyncio.sleep(0.01)
    found = [type(error) for _, error in node.faults if error is not None]
    node.faults.clear()
    return found


async def test_an_engine_that_raises(scripted: StartScripted) -> None:
    def broken(host: Host) -> Payload:
        raise Bug

    gate = Gate()
    node = await scripted({"broken": broken, "append": append, "slow": gate.script(append)})
    await node.get("append", "a")
    asked = [node.ask("slow", "b"), node.ask("broken"), node.ask("append", "c")]
    await settle()
    gate.open()
    assert await outcome(asked[0]) == "ab", "what had ended is committed"
    assert await outcome(asked[1]) == "host-fault"
    # What had not begun is no part of it. It may meet that commit, and is then
    # told to ask again.
    assert await outcome(asked[2]) in ("moved", "abc")
    assert await told(node) == [Bug]
    assert (await node.get("append", "d")).endswith("d")
    assert not node.component.live or len(node.component.live) == 1


async def test_a_turn_in_the_pipeline_outlives_the_activation(scripted: StartScripted) -> None:
    """Its deadline is noticed, too."""

    def broken(host: Host) -> Payload:
        raise Bug

    node = await scripted({"broken": broken, "append": append, "read": read}, read_only={"read"})
    node.link.hold()
    asked = node.ask("append", "a", id="request", deadline_ms=1000)
    held = await node.link.held()
    assert await outcome(node.ask("broken")) == "host-fault"
    node.env.ahead_ms += 2000
    assert await outcome(asked) == "outcome-unknown"
    # A new activation begins while that commit is on its way.
    assert await outcome(node.ask("read")) == ""
    held.land()
    await settle()
    assert await outcome(node.ask("read")) == "moved"
    assert await outcome(node.ask("append", "a", id="request")) == "a"
    assert await told(node) == [Bug]


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (KvView, "kv_get"),
        (Pipeline, "add"),
        (Pipeline, "_next"),
        (Pipeline, "_check_ownership"),
        (Record, "__new__"),
    ],
)
async def test_bugs_in_many_places(
    scripted: StartScripted, monkeypatch: pytest.MonkeyPatch, where: type, name: str
) -> None:
    async def look(host: Host) -> Payload:
        await host.get(b"key")
        return append(host)

    node = await scripted({"look": look, "read": read}, read_only={"read"})
    await node.get("look", "a", id="first")
    with monkeypatch.context() as patch:
        patch.setattr(where, name, bug)
        asked = [node.ask("look", "a", id="first"), node.ask("look", "b"), node.ask("read")]
        asked.append(node.ask("read", key="another"))
        codes = [await outcome(each) for each in asked]
        assert {"host-fault", "outcome-unknown", "commit-failed"} & set(codes), codes
        await settle()
    assert set(await told(node)) == {Bug}
    assert node.runtime.outstanding == 0
    assert await node.get("read") in ("a", "ab")


async def test_a_store_that_raises_what_it_should_not(
    scripted: StartScripted, world: World
) -> None:
    node = await scripted({"append": append, "read": read}, read_only={"read"})
    await node.get("append", "a")
    again = await world.start(node.engine, node.limits)
    original, again.link.read = again.link.read, bug  # type: ignore[assignment, method-assign]
    assert await outcome(again.ask("append", "b")) == "host-fault"
    again.link.read = original  # type: ignore[method-assign]
    assert set(await told(again)) == {Bug}
    assert await again.get("append", "c") == "ac"


async def test_a_release_that_fails_badly(scripted: StartScripted) -> None:
    node = await scripted({"append": append}, actor_idle_ms_max=8)
    await node.get("append", "a")
    node.link.fates.append(lambda held: held.fail(Bug()))
    node.env.ahead_ms += 10_000_000
    while node.runtime.active_actors:
        await asyncio.sleep(0.002)
    assert await told(node) == [Bug]
    assert await node.get("append", "b") == "ab"


async def test_nobody_is_told_of_what_is_no_bug(scripted: StartScripted) -> None:
    async def hang(host: Host) -> Payload:
        await asyncio.get_running_loop().create_future()
        return text("never")

    node = await scripted({"hang": hang, "append": append})
    killed = [node.ask("hang", deadline_ms=1), node.ask("append", deadline_ms=1)]
    gone = node.ask("append", "a")
    gone.cancel()
    assert [await outcome(each) for each in killed] == ["deadline-exceeded"] * 2
    assert await told(node) == []
