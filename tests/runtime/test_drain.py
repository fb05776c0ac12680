"""Stopping: what is in the house finishes, and nothing new gets in."""

from __future__ import annotations

import asyncio

import pytest

from kelpie.errors import Draining
from kelpie.ids import Payload, text
from tests.runtime.conftest import StartScripted
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import outcome, settle


async def test_what_is_in_the_house_finishes(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append})
    asked = [node.ask("slow", "a"), node.ask("append", "b"), node.ask("append", "c", key="two")]
    await settle()
    draining = asyncio.ensure_future(node.runtime.drain())
    await settle()
    assert not node.runtime.ready
    with pytest.raises(Draining):
        await node.ask("append", "d")
    with pytest.raises(Draining):
        await node.runtime.deploy("default", "thing", b"thing")
    assert not draining.done()
    gate.open()
    await draining
    assert [await outcome(each) for each in asked] == ["a", "ab", "c"]
    assert not node.component.live


async def test_whoever_is_not_ready_in_time_is_told(scripted: StartScripted) -> None:
    async def hang(host: Host) -> Payload:
        await asyncio.get_running_loop().create_future()
        return text("never")

    node = await scripted(
        {"hang": hang, "append": append, "read": read},
        read_only={"read"},
        drain_ms_max=20,
    )
    running, queued = node.ask("hang"), node.ask("append", "b")
    node.link.hold()
    committing = node.ask("append", "a", key="two", id="request")
    held = await node.link.held()
    checking = node.ask("read", key="two")
    await settle()
    await node.runtime.drain()
    assert await outcome(running) == "draining"
    assert await outcome(queued) == "draining"
    assert await outcome(checking) == "draining"
    # Draining says that nothing was done, and this may yet be.
    assert await outcome(committing) == "outcome-unknown"
    assert not node.component.live, "a guest that was killed lets go of everything"
    held.land()
    await settle()


async def test_two_drains_at_once_are_one(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append)})
    asked = node.ask("slow", "a")
    await settle()
    drains = [asyncio.ensure_future(node.runtime.drain()) for _ in range(2)]
    await settle()
    gate.open()
    # Far sooner than the time-out, which would fail the test.
    await asyncio.wait_for(asyncio.gather(*drains), 5)
    assert await outcome(asked) == "a"
    await node.runtime.drain()


async def test_an_idle_host_stops_at_once(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    await node.get("append", "a")
    await node.runtime.drain()
    assert not node.component.live
