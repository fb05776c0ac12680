"""Ownership: one activation at a time, whatever the dead still do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kelpie.errors import StoreConflict, StoreReadFailed
from kelpie.runtime.commits.ownership import read_stored
from kelpie.runtime.node import declare_dead
from kelpie.store.keyspace import ActorKeys, node_fence
from kelpie.store.kv_keys import KvKeys
from tests.runtime.conftest import StartScripted
from tests.runtime.scripts import Gate, append, log, read
from tests.runtime.support import TestNode, World, address, outcome, settle

SCRIPTS = {"append": append, "read": read, "log": log}


async def started(scripted: StartScripted, **more: Any) -> TestNode:
    return await scripted(SCRIPTS, read_only={"read"}, **more)


async def beside(world: World, node: TestNode, name: str) -> TestNode:
    """Another node over the same store and engine."""
    return await world.start(node.engine, node.limits, name)


async def kill(world: World, name: str) -> None:
    """Another node declares it dead; it does not know yet."""
    transaction = world.store.client(world.env).transaction()
    await declare_dead(transaction, name)
    await transaction.commit()


async def stored(world: World) -> tuple[int, str, int, int]:
    """Epoch, node, incarnation; and the number of the last turn."""
    transaction = world.store.client(world.env).transaction()
    owner, sequence = await read_stored(transaction, ActorKeys(address()))
    return owner.epoch, owner.node, owner.incarnation, sequence.number


async def test_state_survives_a_restart_under_a_new_epoch(
    scripted: StartScripted, world: World
) -> None:
    node = await started(scripted)
    for each in "abc":
        await node.get("log", each)
    assert await stored(world) == (1, "local", 1, 3)
    again = await beside(world, node, "local")
    assert await again.get("log", "d") == "abc/abc"
    assert await stored(world) == (2, "local", 2, 4)


async def test_a_claim_takes_no_write_of_its_own(scripted: StartScripted, world: World) -> None:
    node = await started(scripted)
    before = world.store.pairs()
    assert await node.get("read") == ""
    assert world.store.pairs() == before
    commits = node.link.commits
    await node.get("append", "a")
    assert node.link.commits == commits + 1


async def test_a_living_owner_is_named(scripted: StartScripted, world: World) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    other = await beside(world, node, "other")
    asked = other.ask("append", "b")
    assert await outcome(asked) == "moved"
    error = asked.exception()
    assert error is not None
    assert error.details["node"] == "local"  # type: ignore[attr-defined]
    assert await node.get("append", "c") == "ac"


async def test_the_actors_of_a_dead_node_are_taken_over(
    scripted: StartScripted, world: World
) -> None:
    node = await started(scripted)
    await node.get("log", "a")
    other = await beside(world, node, "other")
    await kill(world, "local")
    assert await other.get("log", "b") == "a/a"
    assert await stored(world) == (2, "other", 1, 2)


@pytest.mark.parametrize("taker", ["local", "other"])
async def test_a_zombies_commit_never_lands(
    scripted: StartScripted, world: World, taker: str
) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    node.link.hold()
    asked = node.ask("append", "b", id="request")
    commit = await node.link.held()
    if taker == "other":
        await kill(world, "local")
    new = await beside(world, node, taker)
    # From here on, even before the new owner has touched the actor.
    with pytest.raises(StoreConflict):
        commit.apply()
    assert await new.get("append", "c") == "ac"
    with pytest.raises(StoreConflict):
        commit.apply()
    commit.land()
    assert await outcome(asked) == "moved"
    assert await outcome(node.ask("append", "d")) == "moved"
    assert await new.get("read") == "ac"


@pytest.mark.parametrize("taker", ["local", "other"])
async def test_a_zombie_answers_no_read(scripted: StartScripted, world: World, taker: str) -> None:
    gate = Gate()
    node = await scripted({**SCRIPTS, "slow": gate.script(read)}, read_only={"read", "slow"})
    await node.get("append", "a")
    running = node.ask("slow")
    await settle()
    if taker == "other":
        await kill(world, "local")
    new = await beside(world, node, taker)
    assert await new.get("append", "b") == "ab"
    gate.open()
    assert await outcome(running) == "moved"
    assert await outcome(node.ask("read")) == "moved"


async def test_a_zombie_that_is_only_fenced_off_answers_nothing(
    scripted: StartScripted, world: World
) -> None:
    """Also where nobody has taken the actor over."""
    node = await started(scripted)
    await node.get("append", "a")
    await kill(world, "local")
    for operation in ("read", "append"):
        for key in ("one", "never used"):
            assert await outcome(node.ask(operation, "x", key=key)) == "moved"
    assert await stored(world) == (1, "local", 1, 1)


async def test_racing_claims_have_one_winner(scripted: StartScripted, world: World) -> None:
    one = await started(scripted)
    two = await beside(world, one, "two")
    asked = []
    for node in (one, two):
        node.link.hold()
        asked.append(node.ask("append", node.runtime.node.name[0]))
        await settle()
    # Both have loaded the actor as it was, and their first commits are on the way.
    (await two.link.held()).land()
    (await one.link.held()).land()
    assert await outcome(asked[1]) == "t"
    assert await outcome(asked[0]) == "moved"
    assert await two.get("read") == "t"
    assert await outcome(one.ask("read")) == "moved"


async def test_a_reader_without_a_claim_in_the_store_loses_it_too(
    scripted: StartScripted, world: World
) -> None:
    one = await started(scripted)
    assert await one.get("read") == ""
    two = await beside(world, one, "two")
    assert await two.get("append", "a") == "a"
    assert await outcome(one.ask("read")) == "moved"


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("landed", [True, False])
async def test_an_unknown_commit_around_a_takeover(
    scripted: StartScripted, world: World, recorded: bool, landed: bool
) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    node.link.hold()
    request = "request" if recorded else None
    asked = node.ask("append", "b", id=request)
    commit = await node.link.held()
    later = [node.ask("append", "c"), node.ask("read")]
    await settle()
    if landed:
        commit.apply()
    await kill(world, "local")
    new = await beside(world, node, "other")
    await new.get("append", "d", id="another")
    commit.lose()
    expected = "outcome-unknown" if not recorded else "ab" if landed else "moved"
    assert await outcome(asked) == expected
    assert [await outcome(each) for each in later] == ["moved", "moved"]
    assert await new.get("read") == ("abd" if landed else "ad")
    if recorded:
        # Asked again, the new owner knows.
        assert await outcome(new.ask("append", "b", id=request)) == ("ab" if landed else "adb")


async def test_the_new_owner_may_have_done_it_when_it_was_asked_again(
    scripted: StartScripted, world: World
) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    node.link.hold()
    asked = node.ask("append", "b", id="request")
    commit = await node.link.held()
    await kill(world, "local")
    new = await beside(world, node, "other")
    assert await new.get("append", "x") == "ax"
    assert await new.get("append", "b", id="request") == "axb"
    commit.lose()
    assert await outcome(asked) == "axb"


async def test_without_a_record_old_enough_to_be_gone_nothing_is_known(
    scripted: StartScripted, world: World
) -> None:
    """However much the zombie has learned meanwhile: what counts is the tick
    under which it tried to commit."""
    node = await started(scripted, request_record_age_ticks_min=3)
    await node.get("append", "a", id="first")
    node.link.hold()
    asked = node.ask("append", "b", id="request", deadline_ms=1e9)
    commit = await node.link.held()
    commit.apply()
    await kill(world, "local")
    new = await beside(world, node, "other")
    for _ in range(20):
        world.env.ahead_ms += node.limits.store_tick_ms + 1
        await new.runtime.node.tick.refresh()
    for n in range(3):
        await new.get("append", "c", id=f"new-{n}")
    await node.runtime.node.tick.refresh()
    commit.lose()
    assert await outcome(asked) == "outcome-unknown"


async def test_the_records_cannot_be_read(scripted: StartScripted, world: World) -> None:
    node = await started(scripted, commit_resolution_ms_max=20)
    await node.get("append", "a")
    node.link.hold()
    asked = node.ask("append", "b", id="request")
    commit = await node.link.held()
    await kill(world, "local")
    # The barrier reads the fence, which has moved; then the store is gone.
    stand = node.link.stand_after(1)
    commit.lose()
    await settle()
    node.link.read_error = StoreReadFailed("the network is gone")
    stand.set_result(None)
    assert await outcome(asked) == "outcome-unknown"


async def test_a_failed_load_is_an_error_and_never_an_empty_actor(
    scripted: StartScripted, world: World
) -> None:
    node = await started(scripted)
    await node.get("log", "a")
    again = await beside(world, node, "local")
    again.link.read_error = StoreReadFailed("the disk is gone")
    turns = len(node.component.turns)
    asked = [again.ask(each, "b") for each in ("read", "log", "append")]
    assert [await outcome(each) for each in asked] == ["load-failed"] * 3
    assert len(node.component.turns) == turns
    again.link.read_error = None
    assert await again.get("log", "b") == "a/a"


@pytest.mark.parametrize("reads", range(6))
async def test_a_load_that_fails_anywhere(
    scripted: StartScripted, world: World, reads: int
) -> None:
    node = await started(scripted)
    await node.get("append", "a" * 200_000)
    again = await beside(world, node, "local")
    stand = again.link.stand_after(reads)
    asked = again.ask("read")
    await settle()
    again.link.read_error = StoreReadFailed("the disk is gone")
    stand.set_result(None)
    assert await outcome(asked) == "load-failed"
    again.link.read_error = None
    assert await again.get("read") == "a" * 200_000


@pytest.mark.parametrize("which", ["own", "seq", "state", "fence"])
async def test_a_damaged_value_is_named(scripted: StartScripted, world: World, which: str) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    other = await beside(world, node, "other")
    await kill(world, "local")
    keys = ActorKeys(address())
    key = node_fence("local") if which == "fence" else getattr(keys, which)
    value = dict(world.store.pairs())[key]
    world.store.overwrite(key, value[:-1] + bytes([value[-1] ^ 1]))
    asked = other.ask("read")
    assert await outcome(asked) == "stored-value-corrupt"
    assert str(asked.exception()).startswith("the value of ")
    world.store.overwrite(key, value)
    assert await other.get("read") == "a"


async def test_a_damaged_kv_value_is_named(scripted: StartScripted, world: World) -> None:
    node = await started(scripted)
    await node.get("log", "a")
    key = KvKeys(ActorKeys(address()).prefix, 0).entry(b"a")
    value = dict(world.store.pairs())[key]
    world.store.overwrite(key, value[:-1] + bytes([value[-1] ^ 1]))
    assert await outcome(node.ask("log", "b")) == "stored-value-corrupt"
    world.store.overwrite(key, value)
    assert await outcome(node.ask("log", "b")) == "a/a"


async def test_a_long_pause_of_a_node_that_lives_is_no_harm(
    scripted: StartScripted, world: World
) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    world.env.ahead_ms += 10 * node.limits.store_transaction_ms_max
    asked = [node.ask("append", "b"), node.ask("read")]
    assert [await outcome(each) for each in asked] == ["ab", "ab"]


async def test_births_fence_off_in_turn(scripted: StartScripted, world: World) -> None:
    nodes = [await started(scripted)]
    nodes += [await beside(world, nodes[0], "local") for _ in range(3)]
    assert [each.runtime.node.incarnation for each in nodes] == [1, 2, 3, 4]
    assert [await outcome(each.ask("append", "a")) for each in nodes] == [*["moved"] * 3, "a"]


async def test_births_in_doubt_are_made_again(world: World, scripted: StartScripted) -> None:
    node = await started(scripted)
    other = world.make(node.engine, node.limits)
    other.link.hold(4)
    starting = asyncio.ensure_future(other.runtime.start())
    first = await other.link.held()
    first.apply()
    first.lose()
    second = await other.link.held()
    second.lose()
    (await other.link.held()).land()
    other.link.fates.clear()
    await starting
    with pytest.raises(StoreConflict):
        second.apply()
    assert await other.get("append", "a") == "a"
    assert await outcome(node.ask("append", "a")) == "moved"
