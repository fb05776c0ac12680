"""Guests that run long: they share the loop, and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from pathlib import Path

import pytest

from kelpie.env.real import RealEnv
from kelpie.errors import GuestOutOfFuel, GuestTimedOut
from kelpie.ids import Payload, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.slow_lane import SlowLane
from tests.wasm.support import StoredValues, Workbench, turn

ENDLESS = 10**15


@pytest.fixture
async def endless(env: RealEnv, cache_directory: Path) -> AsyncIterator[Workbench]:
    """With so much fuel that only the clock ends a guest that spins."""
    limits = replace(DEFAULT_LIMITS, turn_fuel_max=ENDLESS, turn_wall_time_ms_max=1_000)
    bench = Workbench(WasmEngine(env, limits, cache_directory, epochs=True))
    yield bench
    bench.close()


async def test_a_spinning_guest_is_stopped_by_the_clock(endless: Workbench) -> None:
    outcome = await endless.run("spin")
    assert type(outcome.error) is GuestTimedOut
    assert outcome.instance_lost
    assert 0 < outcome.fuel < ENDLESS


async def test_the_loop_goes_on_beside_spinning_guests(endless: Workbench) -> None:
    tasks = [asyncio.create_task(endless.run("spin")) for _ in range(10)]
    await asyncio.sleep(0)
    guest = await endless.guest()
    answered = 0
    while not any(task.done() for task in tasks):
        assert (await guest.run(turn("echo", "hi"))).reply == text("hi")
        answered += 1
        await asyncio.sleep(0)
    assert answered > 10
    for task in tasks:
        assert type((await task).error) is GuestTimedOut


class ImmediateValues(StoredValues):
    """Answers at once, and yet only to whoever awaits it, as an embedded store does."""

    async def _answer(self, key: bytes) -> Payload | None:
        return self.values.get(key)

    def kv_get(self, key: bytes) -> Awaitable[Payload | None]:
        return self._answer(key)


async def test_the_loop_goes_on_beside_a_guest_that_asks_the_store_without_end(
    endless: Workbench,
) -> None:
    """Its host calls are answered at once, and nothing ever makes it wait."""
    guest = await endless.guest()
    argument = {"calls": 1_000_000, "which": "kv"}
    asking = asyncio.create_task(guest.run(turn("host_calls", argument, answers=ImmediateValues())))
    passes = 0
    while not asking.done():
        await asyncio.sleep(0)
        passes += 1
    assert (await asking).error is not None
    assert passes > 20


async def test_turns_of_a_component_that_runs_long_begin_in_the_slow_lane(
    endless: Workbench,
) -> None:
    lane = endless.engine._workshop.slow_lane
    guests = [await endless.guest() for _ in range(5)]
    assert type((await guests.pop().run(turn("spin"))).error) is GuestTimedOut
    tasks = [asyncio.create_task(guest.run(turn("echo", "hi"))) for guest in guests]
    await asyncio.sleep(0)
    assert len(lane) == 4, "a turn of it ran at once"
    assert [(await task).reply for task in tasks] == [text("hi")] * 4
    # It no longer runs long.
    await asyncio.create_task((await endless.guest()).run(turn("echo", "hi")))
    assert len(lane) == 0


async def test_so_do_those_of_its_new_instances(endless: Workbench) -> None:
    lane = endless.engine._workshop.slow_lane
    assert type((await endless.run("spin")).error) is GuestTimedOut
    fresh = await endless.guest()
    task = asyncio.create_task(fresh.run(turn("echo", "hi")))
    await asyncio.sleep(0)
    assert len(lane) == 1, "making the instance counted as a quick turn"
    assert (await task).reply == text("hi")


async def test_cancelling_a_spinning_guest_kills_it(endless: Workbench) -> None:
    for _ in range(5):
        guest = await endless.guest()
        task = asyncio.create_task(guest.run(turn("spin")))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert guest.held_bytes == 0


async def test_fuel_ends_a_guest_that_was_interrupted_often(ticking: Workbench) -> None:
    outcome = await ticking.run("spin")
    assert type(outcome.error) is GuestOutOfFuel
    assert outcome.fuel == DEFAULT_LIMITS.turn_fuel_max


async def test_interruptions_change_nothing_that_a_turn_shows(
    workbench: Workbench, ticking: Workbench
) -> None:
    quiet = await workbench.run("burn", {"rounds": 20_000_000})
    interrupted = await ticking.run("burn", {"rounds": 20_000_000})
    assert quiet == interrupted


async def test_the_slow_lane_lets_one_through_at_a_time(env: RealEnv) -> None:
    lane = SlowLane(env)
    order: list[tuple[str, int]] = []

    async def guest(name: str) -> None:
        for round_ in range(3):
            await lane.next_slice()
            order.append((name, round_))

    passes = 0

    async def watch() -> None:
        nonlocal passes
        seen = 0
        while len(order) < 9:
            await asyncio.sleep(0)
            passes += 1
            assert len(order) - seen <= 1, "two slices in one pass of the loop"
            seen = len(order)

    await asyncio.gather(watch(), *(guest(name) for name in "abc"))
    # In rotation: each has its first slice before any has its second.
    assert [round_ for _, round_ in order] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert passes > len(order)
    assert len(lane) == 0


async def test_the_slow_lane_passes_over_who_went_away(env: RealEnv) -> None:
    lane = SlowLane(env)
    gone = asyncio.create_task(lane.next_slice())
    stays = asyncio.create_task(lane.next_slice())
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    assert gone.cancelled()
