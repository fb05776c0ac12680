"""`kill -9` while actors are deleted: what was deleted stays so, and nothing else goes.

Each client has actors of its own and asks for one thing at a time, so what it
must be told is known to the digit, however often it has to ask.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.faults.counting import GONE, PAUSE_SECONDS, Connection
from tests.faults.victim import Victim

CLIENTS = 8
OFTEN_DELETED = 0.3
OFTEN_AGAIN = 0.3
RUNNING_SECONDS = 0.5

Asked = tuple[str, str, str]
"""Method, target and id."""


class DeletingClient:
    def __init__(self, name: str, victim: Victim, chance: random.Random) -> None:
        self._actor = f"/v1/actors/counter/{name}"
        self._victim = victim
        self._chance = chance
        self._connection = Connection()
        self._value = 0
        self.told: dict[Asked, object] = {}
        self.deletions = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until it is told to stop, and then until the last request is answered."""
        while not stop.is_set():
            request_id = f"{len(self.told)}"
            if self._chance.random() < OFTEN_DELETED:
                asked = ("DELETE", self._actor, request_id)
                answer = await self._until_answered(asked)
                assert answer["deleted"] is (self._value > 0), answer
                self._value = 0
                self.deletions += 1
            else:
                asked = ("POST", f"{self._actor}/increment", request_id)
                answer = await self._until_answered(asked)
                self._value += 1
                assert answer == {"value": self._value}
            self.told[asked] = answer
            if self._chance.random() < OFTEN_AGAIN:
                await self._again(self._chance.choice(list(self.told)))

    async def check(self) -> None:
        """Asks again for everything that was ever asked: it changes nothing."""
        for asked in self.told:
            await self._again(asked)
        answer = await self._until_answered(("POST", f"{self._actor}/get", "get"))
        assert answer == {"value": self._value}
        await self._connection.close()

    async def _again(self, asked: Asked) -> None:
        assert await self._until_answered(asked) == self.told[asked]

    async def _until_answered(self, asked: Asked) -> dict[str, object]:
        while True:
            await self._victim.open.wait()
            try:
                answer = await self._connection.ask(self._victim.remote, *asked)
            except GONE:
                await self._connection.close()
            else:
                if answer.status == 200:
                    told: dict[str, object] = answer.json
                    return told
                assert answer.json["retryable"], answer.json
            await asyncio.sleep(PAUSE_SECONDS)


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
async def test_no_deletion_is_lost_or_done_twice(data: Path, kills: int) -> None:
    chance = random.Random()
    victim = Victim(data)
    clients = [DeletingClient(f"client-{n}", victim, chance) for n in range(CLIENTS)]
    stop = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as running:
            for client in clients:
                running.create_task(client.run(stop))
            for _ in range(kills):
                await victim.start()
                victim.open.set()
                await asyncio.sleep(chance.uniform(0, RUNNING_SECONDS))
                victim.kill()
            await victim.start()
            victim.open.set()
            stop.set()
        await asyncio.gather(*(client.check() for client in clients))
    finally:
        victim.kill()
    deletions = sum(client.deletions for client in clients)
    print(f"\n{kills} kills, {deletions} deletions, {sum(len(c.told) for c in clients)} answers")
    assert deletions > kills
