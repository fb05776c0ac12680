"""Actors of which nobody can read who owns them: only by force are they deleted."""

from __future__ import annotations

import pytest

from kelpie.runtime.commits.ownership import read_stored
from kelpie.store.keyspace import ActorKeys
from kelpie.store.reading import reading
from tests.runtime.conftest import StartScripted
from tests.runtime.scripts import log
from tests.runtime.support import World, address, outcome
from tests.runtime.test_actor_deletion import GONE, NOTHING, SCRIPTS

KEYS = ActorKeys(address())


async def damage(world: World, key: bytes) -> None:
    transaction = world.store.client(world.env).transaction()
    transaction.set(key, b"not what was written")
    await transaction.commit()


async def test_a_sound_actor_is_left_as_it_is(world: World, scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    before = world.store.pairs()
    assert not await node.runtime.mend_by_force(address())
    assert world.store.pairs() == before
    assert await outcome(node.delete()) == GONE


@pytest.mark.parametrize("key", [KEYS.own, KEYS.seq], ids=["own", "seq"])
async def test_all_goes_in_one_transaction_but_what_guards(
    world: World, scripted: StartScripted, key: bytes
) -> None:
    """Whoever crashes behind it leaves an actor that is empty, never one that goes on."""
    node = await scripted(SCRIPTS)
    await node.get("large", id="old")
    with reading(world.store.client(world.env)) as transaction:
        owner, sequence = await read_stored(transaction, KEYS)
    await damage(world, key)
    node = await world.start(node.engine, node.limits)
    assert await outcome(node.ask("log", "c")) == "stored-value-corrupt"
    assert await outcome(node.delete()) == "stored-value-corrupt"
    assert await node.runtime.mend_by_force(address())
    with reading(world.store.client(world.env)) as transaction:
        owner_now, sequence_now = await read_stored(transaction, KEYS)
    assert owner_now.epoch > owner.epoch or key != KEYS.own
    assert sequence_now.number > sequence.number or key != KEYS.seq
    assert sequence_now.record_count == sequence.record_count == 1
    assert await node.get("large", id="old") == "ok"
    assert await node.get("log", "c") == "/"
    assert await outcome(node.delete()) == GONE


@pytest.mark.parametrize("key", [KEYS.own, KEYS.seq], ids=["own", "seq"])
async def test_who_holds_the_actor_finds_it_gone(
    world: World, scripted: StartScripted, key: bytes
) -> None:
    """The damage came when it was in memory: what it goes on with is not what it knew."""
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    await damage(world, key)
    assert await node.runtime.mend_by_force(address())
    # What was asked of it in memory was surely not done: it may be asked again.
    if (first := await outcome(node.ask("log", "b"))) == "moved":
        first = await outcome(node.ask("log", "b"))
    assert first == "/"
    assert not await node.runtime.mend_by_force(address())
    assert await outcome(node.delete(id="bye")) == GONE
    assert await outcome(node.delete()) == NOTHING


async def test_a_kind_that_is_not_there(scripted: StartScripted) -> None:
    node = await scripted({"log": log})
    assert await outcome(node.runtime.mend_by_force(address(kind="other"))) == "kind-not-found"
