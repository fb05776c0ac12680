"""Activations end: for want of requests, or of room."""

from __future__ import annotations

import asyncio

from kelpie.errors import StoreWriteFailed
from kelpie.limits import Limits
from kelpie.runtime.commits.ownership import read_stored
from kelpie.runtime.node import declare_dead
from kelpie.store.keyspace import ActorKeys
from tests.runtime.conftest import LIMITS, StartScripted
from tests.runtime.link import failing
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import TestNode, World, address, outcome, settle


async def owner_of(node: TestNode, key: str = "one") -> tuple[int, str]:
    """Epoch and node, as stored."""
    transaction = node.client.store.client(node.env).transaction()
    owner, _ = await read_stored(transaction, ActorKeys(address(key)))
    return owner.epoch, owner.node


async def until_released(node: TestNode, count: int = 0) -> None:
    node.env.ahead_ms += 10_000_000
    while node.runtime.active_actors > count:
        await asyncio.sleep(0.002)


async def test_an_idle_actor_is_released_with_its_claim(scripted: StartScripted) -> None:
    node = await scripted({"append": append, "read": read}, actor_idle_ms_max=8)
    await node.get("append", "a")
    await until_released(node)
    assert await owner_of(node) == (1, "")
    assert not node.component.live
    assert await node.get("append", "b") == "ab"
    assert await owner_of(node) == (2, "local")


async def test_one_that_only_read_leaves_no_trace(scripted: StartScripted) -> None:
    node = await scripted({"read": read}, read_only={"read"}, actor_idle_ms_max=8)
    before = node.client.store.pairs()
    await node.get("read")
    await until_released(node)
    assert node.client.store.pairs() == before


async def test_requests_that_arrive_during_the_release_are_served(
    scripted: StartScripted,
) -> None:
    node = await scripted({"append": append}, actor_idle_ms_max=8)
    await node.get("append", "a")
    node.link.hold()
    node.env.ahead_ms += 10_000_000
    release = await node.link.held()
    asked = [node.ask("append", each) for each in "bcd"]
    await settle()
    assert not any(each.done() for each in asked)
    release.land()
    assert [await outcome(each) for each in asked] == ["ab", "abc", "abcd"]


async def test_a_release_that_fails_or_is_in_doubt_is_no_harm(scripted: StartScripted) -> None:
    node = await scripted({"append": append}, actor_idle_ms_max=8)
    await node.get("append", "a")
    node.link.fates.append(failing(StoreWriteFailed("the disk is gone")))
    await until_released(node)
    assert await owner_of(node) == (1, "local")
    assert await node.get("append", "b") == "ab"
    node.link.hold()
    node.env.ahead_ms += 10_000_000
    release = await node.link.held()
    release.lose()
    asked = node.ask("append", "c")
    await settle()
    assert await outcome(asked) == "abc"
    assert await owner_of(node) == (3, "local")


async def test_a_release_that_lands_late_is_noticed(scripted: StartScripted) -> None:
    node = await scripted({"append": append, "read": read}, read_only={"read"}, actor_idle_ms_max=8)
    await node.get("append", "a")
    node.link.hold()
    node.env.ahead_ms += 10_000_000
    release = await node.link.held()
    release.lose()
    assert await node.get("read") == "a"
    release.apply()
    # The claim was made on what is no longer so: asked again, it is answered.
    assert await outcome(node.ask("append", "b")) == "moved"
    assert await outcome(node.ask("append", "b")) == "ab"


async def test_busy_actors_are_not_released(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append)}, actor_idle_ms_max=8)
    asked = node.ask("slow", "a")
    await settle()
    node.env.ahead_ms += 1000
    await asyncio.sleep(0.02)
    assert node.runtime.active_actors == 1
    gate.open()
    assert await outcome(asked) == "a"


async def test_idle_actors_make_room(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append}, actors_active_max=10)
    busy = node.ask("slow", "a", key="busy")
    await settle()
    for n in range(100):
        await node.get("append", "a", key=str(n))
        await settle()
        assert node.runtime.active_actors <= 11
    gate.open()
    assert await outcome(busy) == "a"
    # The least recently used have gone.
    assert await owner_of(node, "0") == (1, "")
    assert await owner_of(node, "99") == (1, "local")


async def test_room_is_made_although_every_release_takes_its_time(
    scripted: StartScripted,
) -> None:
    node = await scripted({"append": append}, actors_active_max=10)
    for n in range(10):
        await node.get("append", "a", key=str(n))
    node.link.holding = True
    asked = [node.ask("append", "a", key=f"new-{n}") for n in range(30)]
    await settle()
    # Ten releases and thirty first commits are on their way.
    node.link.release()
    for each in asked:
        assert await outcome(each) == "a"
    # The rush is over; it takes a few more requests until the room is made.
    for n in range(5):
        await settle(50)
        assert await node.get("append", "a", key=f"last-{n}") == "a"
    await settle(50)
    assert node.runtime.active_actors <= 11


async def test_no_more_are_released_than_are_needed(scripted: StartScripted) -> None:
    node = await scripted({"append": append}, actors_active_max=10)
    for n in range(10):
        await node.get("append", "a", key=str(n))
    node.link.holding = True
    commits = node.link.commits
    asked = []
    for n in range(5):
        asked.append(node.ask("append", "a", key=f"new-{n}"))
        await settle()
        # A first commit and a release, each time.
        assert node.link.commits == commits + 2 * (n + 1)
    node.link.release()
    assert [await outcome(each) for each in asked] == ["a"] * 5


async def test_a_zombie_releases_nothing_that_is_not_its_own(
    scripted: StartScripted, world: World
) -> None:
    node = await scripted({"append": append}, actor_idle_ms_max=8)
    await node.get("append", "a")
    other = await world.start(node.engine, Limits(**LIMITS), "other")
    transaction = world.store.client(world.env).transaction()
    await declare_dead(transaction, "local")
    await transaction.commit()
    assert await other.get("append", "b") == "ab"
    await until_released(node)
    assert await owner_of(node) == (2, "other")


async def test_state_in_memory_makes_room(scripted: StartScripted) -> None:
    node = await scripted({"append": append, "read": read}, actors_state_bytes_max=1000)
    for n in range(30):
        await node.get("append", "x" * 100, key=str(n))
        await settle(50)
        assert node.runtime.active_actors <= 11
    # Also where it is the same actors whose state grows.
    for key in ("28", "29"):
        for _ in range(6):
            await node.get("append", "x" * 100, key=key)
    await settle(50)
    assert node.runtime.active_actors <= 2
    assert await node.get("read", key="0") == "x" * 100
    # One alone may have more than that.
    assert len(await node.get("append", "x" * 2000, key="29")) == 2700
    await settle(50)
    assert await node.get("read", key="29") == "x" * 2700
    # What has gone no longer counts.
    for n in range(5):
        await node.get("append", "x", key=f"small-{n}")
        await settle(50)
    assert node.runtime.active_actors >= 5


async def test_many_idle_actors_go_in_parts(scripted: StartScripted) -> None:
    node = await scripted({"append": append}, actor_idle_ms_max=100)
    for n in range(250):
        await node.get("append", "a", key=str(n))
    await until_released(node)
    owners = [await owner_of(node, str(n)) for n in range(250)]
    # A release that was under way when the clock was put forward may be too old.
    assert owners.count((1, "")) >= 200


async def test_room_for_one_is_enough_for_many(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append}, actors_active_max=1)
    busy = node.ask("slow", "a", key="busy")
    await settle()
    assert await node.get("append", "a", key="one") == "a"
    assert await node.get("append", "a", key="two") == "a"
    gate.open()
    assert await outcome(busy) == "a"


async def test_a_release_after_an_upgrade_gives_up_the_claim(scripted: StartScripted) -> None:
    node = await scripted({"append": append}, actor_idle_ms_max=8)
    await node.get("append", "a")
    node.engine.add("newer", {"read": read}, {"read"})  # type: ignore[attr-defined]
    await node.runtime.deploy("default", "thing", b"newer")
    assert await node.get("read") == "a"
    await until_released(node)
    assert await owner_of(node) == (1, "")


async def test_one_that_failed_and_then_only_read_is_released_too(
    scripted: StartScripted,
) -> None:
    node = await scripted({"append": append, "read": read}, read_only={"read"}, actor_idle_ms_max=8)
    await node.get("append", "a")
    node.link.fates.append(failing(StoreWriteFailed("the disk is gone")))
    assert await outcome(node.ask("append", "b")) == "store-write-failed"
    assert await node.get("read") == "a"
    await until_released(node)
    assert (await owner_of(node))[1] == ""
