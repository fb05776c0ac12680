"""What guests use comes back: memory, mappings, native objects."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from kelpie.ids import Payload, binary, text
from kelpie.wasm.kind_configuration import Configuration
from kelpie.wasm.turn import Outcome
from tests.wasm.support import COUNTER, StoredValues, Workbench, turn

pytestmark = pytest.mark.slow

PAGE_BYTES = 4_096


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def mappings() -> int:
    return Path("/proc/self/maps").read_text().count("\n")


async def grows_by(work: Callable[[], Awaitable[None]], *, rounds: int) -> tuple[int, int]:
    """Resident bytes and mappings that later rounds add to the first."""
    await work()
    before, mapped = resident_bytes(), mappings()
    for _ in range(rounds):
        await work()
        gc.collect()  # Else cycles fill a round's memory before they are collected.
    return resident_bytes() - before, mappings() - mapped


async def test_turns_leave_nothing_behind(ticking: Workbench) -> None:
    guest = await ticking.guest(COUNTER)
    state: Payload | None = None

    async def turns() -> None:
        nonlocal state
        for _ in range(25_000):
            outcome = await guest.run(turn("increment", state=state))
            state = outcome.effects.state

    resident, mapped = await grows_by(turns, rounds=4)
    assert state == text('{"value":125000}')
    assert resident < 4 * 2**20
    assert mapped < 100


async def test_payloads_of_every_form_leave_nothing_behind(ticking: Workbench) -> None:
    guest = await ticking.guest()
    answers = StoredValues({b"k": binary(b"v" * 1_000), b"t": text("v" * 100_000)})
    told = Configuration({"LARGE": "l" * 65_536}, {})

    async def turns() -> None:
        for _ in range(300):
            for argument in (text("a" * 100_000), binary(b"b" * 1_000)):
                assert (await guest.run(turn("echo", argument))).reply == argument
            for key in ("k", "t"):
                await guest.run(turn("kv_get", {"key": key}, answers=answers))
            await guest.run(turn("kv_list", {}, answers=answers))
            await guest.run(turn("config", {"name": "LARGE"}, configuration=told))
            await guest.run(turn("whoami"))
            await guest.run(turn("call", {"key": "other"}))

    resident, _ = await grows_by(turns, rounds=4)
    assert resident < 4 * 2**20


async def test_instances_leave_nothing_behind(ticking: Workbench) -> None:
    component = await ticking.component(COUNTER)

    async def instances() -> None:
        for _ in range(2_000):
            guest = await component.instantiate()
            await guest.run(turn("increment"))
            guest.close()

    resident, mapped = await grows_by(instances, rounds=5)
    assert ticking.engine.instances == 0
    assert resident < 4 * 2**20
    assert mapped < 100


async def test_many_instances_at_once_come_back(ticking: Workbench) -> None:
    component = await ticking.component(COUNTER)

    async def instances() -> None:
        guests = [await component.instantiate() for _ in range(2_000)]
        for guest in guests:
            await guest.run(turn("increment"))
        assert ticking.engine.instances == len(guests)
        for guest in guests:
            guest.close()

    resident, mapped = await grows_by(instances, rounds=2)
    assert ticking.engine.instances == 0
    assert resident < 4 * 2**20
    assert mapped < 1_000


async def test_guests_that_are_only_dropped_come_back(ticking: Workbench) -> None:
    component = await ticking.component(COUNTER)
    for _ in range(100):
        await component.instantiate()
    gc.collect()
    assert ticking.engine.instances == 0


async def test_guests_that_fail_leave_nothing_behind(ticking: Workbench) -> None:
    async def failures() -> None:
        for how in ("panic", "memory", "table") * 100:
            assert (await ticking.run("trap", {"how": how})).instance_lost
        assert (await ticking.run("allocate")).instance_lost
        ticking.guests.clear()

    resident, mapped = await grows_by(failures, rounds=4)
    assert resident < 4 * 2**20
    assert mapped < 100


async def test_guests_that_are_cancelled_leave_nothing_behind(ticking: Workbench) -> None:
    component = await ticking.component(Path(__file__).parents[1] / "guests" / "rogue.wasm")

    waiting = 0

    class Never(StoredValues):
        def kv_get(self, key: bytes) -> Awaitable[Payload | None]:
            nonlocal waiting
            waiting += 1
            return asyncio.get_running_loop().create_future()

    async def cancelled() -> None:
        nonlocal waiting
        waiting = 0
        tasks: list[asyncio.Task[Outcome]] = []
        for _ in range(300):
            guest = await component.instantiate()
            asked = turn("kv_get", {"key": "k"}, answers=Never())
            tasks.append(asyncio.create_task(guest.run(asked)))
        # On a busy machine some wait for their slice first: those are whole yet.
        while waiting < len(tasks):
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)

    resident, mapped = await grows_by(cancelled, rounds=4)
    assert ticking.engine.instances == 0
    assert resident < 4 * 2**20
    assert mapped < 100
