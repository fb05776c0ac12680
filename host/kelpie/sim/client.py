"""Clients: they ask, wait, and ask again under the same id."""

from __future__ import annotations

import asyncio
from typing import Final

from kelpie.ids import Address
from kelpie.sim.choice import Choice
from kelpie.sim.fleet import Fleet
from kelpie.sim.network import Network
from kelpie.sim.requests import Answer, Request
from kelpie.sim.tape import Tape
from kelpie.sim.workload import Workload

__all__ = ["Client"]

_BACKOFF_MS_MAX: Final = 120
_LONGER_MS: Final = 20
_DEADLINE_MS_MIN: Final = 40
_BELIEVERS: Final = 5


class Client:
    """Asks one thing at a time, and puts what it asked into `requests`."""

    def __init__(
        self,
        name: str,
        workload: Workload,
        tape: Tape,
        fleet: Fleet,
        network: Network,
        requests: list[Request],
    ) -> None:
        self.name = name
        self._workload = workload
        self._tape = tape
        self._fleet = fleet
        self._network = network
        self._requests = requests

    async def ask_one(self) -> None:
        """One request, from thinking of it to its answer or giving up."""
        workload, tape = self._workload, self._tape
        await _sleep_ms(tape.draw("workload/think", workload.think_ms_max))
        choice = workload.choose(tape)
        recorded = tape.draw("workload/unrecorded", 100) < 100 - workload.unrecorded_per_cent
        await self.settle(self.request(choice, self._actor(choice.kind), recorded=recorded))

    def request(self, choice: Choice, address: Address, *, recorded: bool) -> Request:
        request = Request(
            f"{self.name}-{len(self._requests)}",
            address,
            choice.operation,
            choice.argument(self._tape),
            choice.read_only,
            recorded,
            deletes=choice.deletes,
        )
        self._requests.append(request)
        return request

    async def settle(
        self,
        request: Request,
        *,
        tries_max: int | None = None,
        believe: bool = True,
        patient: bool = False,
    ) -> None:
        """Asks until an answer is final, or is believed. A request that nobody
        recorded is never asked again: it might be done twice. Who is `patient` gives
        each attempt the longest time that there is."""
        tries_max = tries_max or self._workload.tries_max
        for times in range(tries_max):
            answer = await self._attempt(request, patient=patient)
            if answer is not None and answer.final:
                return
            if not (request.recorded or request.read_only):
                return
            if believe and answer is not None and self._believes(request):
                return
            # Whoever wants to know in the end waits longer each time: what is in the way
            # may be durable turns, each with a call that nobody can take before its deadline.
            longer_ms = 0 if believe else times * _LONGER_MS
            await _sleep_ms(longer_ms + self._tape.draw("workload/backoff", _BACKOFF_MS_MAX))

    def _believes(self, request: Request) -> bool:
        """Sometimes a client that was told that nothing was done goes away. Then
        nothing must have been done, and nothing may be done later."""
        if any(each.open for each in request.attempts):
            return False
        return self._tape.draw("workload/believe", _BELIEVERS) == _BELIEVERS - 1

    async def _attempt(self, request: Request, *, patient: bool) -> Answer | None:
        target = self._fleet.choose()
        if target is None:
            return None
        heard: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        longest = max(_DEADLINE_MS_MIN, self._workload.attempt_ms_max)
        # Drawn from the top, so that the quiet choice is to wait long.
        shorter = longest - _DEADLINE_MS_MIN + 1
        deadline_ms = longest - (0 if patient else self._tape.draw("workload/deadline", shorter))
        self._network.ask(request, target, deadline_ms, heard)
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                return await heard
        except TimeoutError:
            return None

    def _actor(self, kind: str) -> Address:
        """The first actors are asked more often than the last."""
        addresses = self._workload.addresses(kind)
        places = len(addresses)
        one, other = (self._tape.draw("workload/actor", places) for _ in range(2))
        return addresses[min(one, other)]


async def _sleep_ms(delay_ms: int) -> None:
    await asyncio.sleep(delay_ms / 1000)
