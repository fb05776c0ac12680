"""A client of a host that is killed again and again: nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kelpie.api.client import Client
from kelpie.errors import KelpieError
from tests.cli.host import SECONDS_MAX, Served, start

KILLS = 2
CLIENTS = 8
KEYS = ["alice", "bob", "carol"]


class Restarted:
    """A host that comes back on the same port."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.served = start(data)

    async def kill(self) -> None:
        self.served.process.kill()
        self.served.process.wait(SECONDS_MAX)
        port = self.served.url.rpartition(":")[2]
        self.close()
        self.served = await asyncio.to_thread(self._start, port)

    def _start(self, port: str) -> Served:
        return start(self._data, options=("--port", port))

    def close(self) -> None:
        if self.served.process.poll() is None:
            self.served.process.kill()
            self.served.process.wait()
        assert self.served.process.stdout is not None
        self.served.process.stdout.close()


@pytest.mark.slow
async def test_nothing_is_lost_and_nothing_is_doubled(data: Path) -> None:
    host = Restarted(data)
    retries: list[str] = []
    ended = asyncio.Event()
    done = dict.fromkeys(KEYS, 0)

    def told(error: Exception) -> None:
        retries.append(error.code if isinstance(error, KelpieError) else "unreachable")

    async def work(client: Client, at: int) -> None:
        key = KEYS[at % len(KEYS)]
        counter = client.actor("counter", key)
        while not ended.is_set():
            await counter.add(amount=1)
            done[key] += 1

    try:
        async with Client(host.served.url, timeout=SECONDS_MAX, on_retry=told) as client:
            async with asyncio.TaskGroup() as tasks:
                for at in range(CLIENTS):
                    tasks.create_task(work(client, at))
                for kill in range(KILLS):
                    while sum(done.values()) < (kill + 1) * 100:
                        await asyncio.sleep(0.01)
                    await host.kill()
                ended.set()
            # Every one of them was answered, so each was done: once.
            for key in KEYS:
                assert await client.actor("counter", key).get() == {"value": done[key]}
        assert len(retries) >= KILLS
    finally:
        host.close()
