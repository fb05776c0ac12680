"""The store-wide tick: it goes on, never too fast, whoever counts."""

from __future__ import annotations

import asyncio

import pytest

from kelpie.errors import StoreReadFailed, StoreWriteFailed
from kelpie.limits import Limits
from kelpie.runtime.tick import Tick
from kelpie.store.memory import MemoryClient
from tests.runtime.conftest import LIMITS
from tests.runtime.link import ScriptedLink, failing, unknown_and_lost, unknown_but_landed
from tests.runtime.support import World, settle

LENGTH_MS = 60_000


class Counter:
    """A tick of a node of its own, and its link."""

    def __init__(self, world: World) -> None:
        self.link = ScriptedLink(world.store, world.env)
        limits = Limits(**LIMITS, store_tick_ms=LENGTH_MS)
        self.tick = Tick(world.env, MemoryClient(world.store, self.link), limits)

    async def refresh(self) -> int:
        await self.tick.refresh()
        return self.tick.value


async def test_it_goes_on_when_it_has_stood_for_its_length(world: World) -> None:
    one = Counter(world)
    assert (one.tick.fresh, await one.refresh(), one.tick.fresh) == (False, 0, True)
    world.env.ahead_ms += LENGTH_MS - 1_000
    assert await one.refresh() == 0
    world.env.ahead_ms += 1_001
    assert await one.refresh() == 1
    world.env.ahead_ms += LENGTH_MS
    assert not one.tick.fresh


async def test_however_late_it_goes_on_by_one(world: World) -> None:
    one = Counter(world)
    await one.refresh()
    world.env.ahead_ms += 100 * LENGTH_MS
    assert [await one.refresh() for _ in range(3)] == [1, 1, 1]


async def test_many_nodes_count_together(world: World) -> None:
    """Each must have seen the tick stand for its whole length by itself."""
    counters = [Counter(world) for _ in range(5)]
    for each in counters:
        await each.refresh()
    for expected in range(1, 5):
        world.env.ahead_ms += LENGTH_MS
        await asyncio.gather(*(each.refresh() for each in counters))
        assert {await each.refresh() for each in counters} == {expected}


async def test_a_node_that_comes_late_does_not_hurry_it(world: World) -> None:
    one, late = Counter(world), Counter(world)
    await one.refresh()
    world.env.ahead_ms += LENGTH_MS // 2
    await late.refresh()
    world.env.ahead_ms += LENGTH_MS // 2
    assert await late.refresh() == 0
    assert await one.refresh() == 1
    # It has changed for the late one just now.
    assert await late.refresh() == 1
    world.env.ahead_ms += LENGTH_MS - 1000
    assert await late.refresh() == 1


async def test_a_slow_answer_does_not_take_it_back(world: World) -> None:
    one, other = Counter(world), Counter(world)
    await one.refresh()
    await other.refresh()
    stand = one.link.answers_stand = world.env.future()
    slow = asyncio.ensure_future(one.tick.refresh())
    await settle()
    one.link.answers_stand = None
    world.env.ahead_ms += LENGTH_MS
    await other.refresh()
    assert await one.refresh() == 1
    stand.set_result(None)
    await slow
    assert one.tick.value == 1


@pytest.mark.parametrize("fate", [unknown_and_lost, unknown_but_landed])
async def test_in_doubt_it_goes_on_by_one(world: World, fate: object) -> None:
    one = Counter(world)
    await one.refresh()
    world.env.ahead_ms += LENGTH_MS
    one.link.fates.append(fate)  # type: ignore[arg-type]
    assert await one.refresh() == 1


async def test_without_an_answer_it_is_not_fresh(world: World) -> None:
    one = Counter(world)
    await one.refresh()
    world.env.ahead_ms += LENGTH_MS
    one.link.fates.append(failing(StoreWriteFailed("the disk is gone")))
    with pytest.raises(StoreWriteFailed):
        await one.tick.refresh()
    one.link.fates.extend([unknown_and_lost] * 10)
    with pytest.raises(StoreReadFailed):
        await one.tick.refresh()
    assert not one.tick.fresh
    assert await one.refresh() == 1
    assert one.tick.fresh
