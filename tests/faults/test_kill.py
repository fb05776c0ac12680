"""`kill -9` at any instant: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.support import Remote
from tests.faults.counting import CountingClient
from tests.faults.told import Told
from tests.faults.victim import Victim

CLIENTS = 12
COUNTERS = ["alice", "bob", "carol", "dave", "erin"]
# Some are killed before they are ready: while they recover what the last one left.
OFTEN_STARTING = 0.2
STARTING_SECONDS = 0.6
RUNNING_SECONDS = 0.5


@dataclass
class Kills:
    """How many, and when."""

    starting: int = 0
    running: int = 0

    def __str__(self) -> str:
        return f"{self.starting + self.running} kills, {self.starting} of them while it started"


async def kill_again_and_again(
    victim: Victim, told: Told, kills: int, chance: random.Random
) -> Kills:
    """Ends with a host that is ready, and its clients let in."""
    done = Kills()
    for _ in range(kills):
        victim.launch()
        if chance.random() < OFTEN_STARTING:
            await asyncio.sleep(chance.uniform(0, STARTING_SECONDS))
            done.starting += 1
        else:
            await compare(told, await victim.ready(), all_answered=False)
            victim.open.set()
            await asyncio.sleep(chance.uniform(0, RUNNING_SECONDS))
            done.running += 1
        victim.kill()
    await compare(told, await victim.start(), all_answered=False)
    victim.open.set()
    return done


async def compare(told: Told, remote: Remote, *, all_answered: bool) -> None:
    """Holds every counter against what was said of it."""
    for counter in told.counters:
        path = f"/v1/actors/counter/{counter}"
        value = (await remote.ask("POST", f"{path}/get")).json["value"]
        told.compare(counter, value, all_answered=all_answered)
        assert (await remote.ask("GET", path)).json["turns"] == value
    assert told.is_sound, str(told)


async def restart_again_and_again(
    victim: Victim, told: Told, times: int, chance: random.Random
) -> str:
    """Without a kill: each is told to stop, and the clients do not hear of it."""
    for _ in range(times):
        await compare(told, await victim.start(), all_answered=False)
        victim.open.set()
        await asyncio.sleep(chance.uniform(0.1, RUNNING_SECONDS))
        await victim.stop()
    await compare(told, await victim.start(), all_answered=False)
    victim.open.set()
    return f"{times} restarts"


Ends = Callable[[Victim, Told, int, random.Random], Awaitable[object]]


@pytest.mark.parametrize(
    ("ends", "times"),
    [
        (kill_again_and_again, 3),
        pytest.param(kill_again_and_again, 50, marks=pytest.mark.slow),
        (restart_again_and_again, 3),
    ],
)
async def test_nothing_is_lost_or_doubled(data: Path, ends: Ends, times: int) -> None:
    chance = random.Random()
    victim, told = Victim(data), Told()
    clients = [
        CountingClient(f"client-{name}", victim, told, COUNTERS, chance) for name in range(CLIENTS)
    ]
    stop = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as running:
            for client in clients:
                running.create_task(client.run(stop))
            done = await ends(victim, told, times, chance)
            stop.set()
        await compare(told, victim.remote, all_answered=True)
        await asyncio.gather(*(client.ask_all_again() for client in clients))
        await compare(told, victim.remote, all_answered=True)
    finally:
        victim.kill()
    print(f"\n{done}: {told}")
    assert told.is_sound, str(told)
    assert told.acknowledged > times
