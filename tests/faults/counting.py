"""Clients that increment counters, and do not let go until they are answered."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from tests.api.support import Answer, Remote, Wire, request
from tests.faults.told import Told
from tests.faults.victim import Victim

__all__ = ["GONE", "PAUSE_SECONDS", "Connection", "CountingClient"]

# What a connection does whose host is killed.
GONE = (ConnectionError, asyncio.IncompleteReadError)
_OFTEN_TWICE = 0.1
_OFTEN_AGAIN = 0.2
PAUSE_SECONDS = 0.01


class CountingClient:
    """One increment after the other, each under an id of its own.

    Now and then it asks on two connections at once, and asks once more for what
    it was told long ago: it must be told the same.
    """

    def __init__(
        self, name: str, victim: Victim, told: Told, counters: list[str], chance: random.Random
    ) -> None:
        self._name = name
        self._victim = victim
        self._told = told
        self._counters = counters
        self._chance = chance
        self._done: list[tuple[str, str]] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Until it is told to stop, and then until the last one is answered."""
        connections = [Connection(), Connection()]
        while not stop.is_set():
            asked = self._chance.choice(self._counters), f"{self._name}-{len(self._done)}"
            self._told.ask(*asked)
            twice = self._chance.random() < _OFTEN_TWICE
            await asyncio.gather(
                *(self._until_answered(each, *asked) for each in connections[: 1 + twice])
            )
            self._done.append(asked)
            if self._chance.random() < _OFTEN_AGAIN:
                await self._until_answered(connections[0], *self._chance.choice(self._done))
        for each in connections:
            await each.close()

    async def ask_all_again(self) -> None:
        """Every increment it ever asked for."""
        connection = Connection()
        for asked in self._done:
            await self._until_answered(connection, *asked)
        await connection.close()

    async def _until_answered(self, connection: Connection, counter: str, request_id: str) -> None:
        while True:
            await self._victim.open.wait()
            try:
                target = f"/v1/actors/counter/{counter}/increment"
                answer = await connection.ask(self._victim.remote, "POST", target, request_id)
            except GONE:
                await connection.close()
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                if answer.status == 200:
                    self._told.answer(counter, request_id, answer.json["value"])
                    return
                assert answer.json["retryable"], answer.json
                await asyncio.sleep(PAUSE_SECONDS)
            self._told.retried += 1


class Connection:
    """To the host of the day."""

    def __init__(self) -> None:
        self._wire: Wire | None = None

    async def ask(self, remote: Remote, method: str, target: str, request_id: str) -> Answer:
        if self._wire is None:
            self._wire = Wire(*await asyncio.open_connection("127.0.0.1", remote.port))
        await self._wire.send(request(method, target, Idempotency_Key=request_id))
        answer = await self._wire.answer()
        assert answer.headers["kelpie-request-id"] == request_id
        return answer

    async def close(self) -> None:
        if self._wire is not None:
            wire, self._wire = self._wire, None
            await wire.close()
            with suppress(*GONE):
                await wire.writer.wait_closed()
