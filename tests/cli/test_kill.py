"""`kill -9` under load, again and again: nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from kelpie.api.client import Client, HostUnreachable
from kelpie.errors import KelpieError
from kelpie.ids import text
from tests.cli.host import COUNTER, Served, kelpie, start

KILLS = 50
CLIENTS = 16
SHARED = "everybody"


class Load:
    """Clients that increment for as long as they may. Each has a counter of its
    own, and all have one together; what is not answered they ask again, under
    the same id, until it is."""

    def __init__(self) -> None:
        self.client: Client | None = None
        """Of the host that runs; None while there is none."""
        self.stopping = False
        self.acknowledged: Counter[str] = Counter()
        self.retries = 0

    async def run(self) -> None:
        await asyncio.gather(*(self._client(number) for number in range(CLIENTS)))

    async def _client(self, number: int) -> None:
        own = f"client-{number}"
        asked = 0
        while not self.stopping:
            asked += 1
            key = own if asked % 4 else SHARED
            value = await self._until_answered(key, f"{own}-{asked}")
            self.acknowledged[key] += 1
            if key == own:
                # Nobody else counts here: more would be doubled, less would be lost.
                assert value == self.acknowledged[own]

    async def _until_answered(self, key: str, request_id: str) -> int:
        while True:
            if self.client is None:
                await asyncio.sleep(0.01)
                continue
            try:
                reply = await self.client.invoke(
                    "counter", key, "increment", text(""), request_id=request_id
                )
            except (HostUnreachable, KelpieError) as error:
                if isinstance(error, KelpieError) and not error.retryable:
                    raise
                self.retries += 1
            else:
                value: int = json.loads(reply.data)["value"]
                return value


async def _kill_again_and_again(served: Served, data: Path, load: Load, seed: int) -> Served:
    chance = random.Random(seed)
    for _ in range(KILLS):
        async with Client(served.url) as load.client:
            before = load.acknowledged.total()
            while load.acknowledged.total() == before:
                await asyncio.sleep(0.005)
            await asyncio.sleep(chance.expovariate(10))
            await asyncio.to_thread(served.end, signal.SIGKILL)
            load.client = None
        assert served.process.stdout is not None
        served.process.stdout.close()
        served = await asyncio.to_thread(start, data)
    return served


@pytest.mark.slow
async def test_fifty_kills(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    data = tmp_path / "data"
    served = await asyncio.to_thread(start, data)
    assert (await asyncio.to_thread(kelpie, "deploy", COUNTER, url=served.url)).returncode == 0
    load = Load()
    clients = asyncio.create_task(load.run())
    try:
        served = await _kill_again_and_again(served, data, load, seed)
        load.stopping = True
        async with Client(served.url) as client:
            load.client = client
            await clients
            for key, count in load.acknowledged.items():
                reply = await client.invoke("counter", key, "get", text(""))
                assert json.loads(reply.data) == {"value": count}, key
    finally:
        clients.cancel()
        served.end(signal.SIGKILL)
        assert served.process.stdout is not None
        served.process.stdout.close()
    print(f"{load.acknowledged.total()} acknowledged, {load.retries} asked again")
    assert load.retries > 0
