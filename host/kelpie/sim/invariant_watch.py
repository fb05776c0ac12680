"""Asks users' actors for what must hold, as clients ask, and tells what does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from kelpie.ids import Address, Payload
from kelpie.sim.choice import Choice
from kelpie.sim.client import Client
from kelpie.sim.failure import Failure
from kelpie.sim.faults import Faults
from kelpie.sim.invariants import Invariant, Setup, misses
from kelpie.sim.requests import Answer
from kelpie.sim.tape import Tape

__all__ = ["InvariantWatch"]

_PAUSE_MS_MAX: Final = 200


class InvariantWatch:
    """Asks, as any client does, and holds the replies against what was declared."""

    def __init__(
        self, client: Client, invariants: Sequence[Invariant], tape: Tape, faults: Faults
    ) -> None:
        self._client = client
        self._invariants = invariants
        self._tape = tape
        self._faults = faults
        self.failures: list[Failure] = []

    async def set_up(self, setup: Sequence[Setup], tries_max: int) -> None:
        """Raises nothing: what could not be done is a failure."""
        for each in setup:
            answer = await self._ask(each.choice, each.address, tries_max)
            if answer is None or answer.error is not None:
                reason = f"{each.choice.operation} was to be done first, and was answered {answer}"
                self._fail("set up", reason, each.address)

    async def in_the_middle(self) -> None:
        """Until the faults are over. What cannot be asked then proves nothing."""
        always = [each for each in self._invariants if each.always]
        while always and self._faults.active:
            await asyncio.sleep(self._tape.draw("invariant/pause", _PAUSE_MS_MAX) / 1000)
            for each in always:
                # A fault may be over, and then it is not the middle any more.
                if self._faults.active and await self._check(each, None, "under faults"):
                    self._faults.seen["an invariant was checked in the middle"] += 1

    async def at_the_end(self, tries_max: int) -> None:
        """All of them: now nothing keeps anybody from an answer."""
        for each in self._invariants:
            if not await self._check(each, tries_max, "at the end"):
                self._fail(each.name, "it could not be asked, although all faults were over")

    async def _check(self, invariant: Invariant, tries_max: int | None, when: str) -> bool:
        """Whether everybody has answered."""
        total = 0
        for address in invariant.addresses:
            answer = await self._ask(invariant.choice, address, tries_max)
            if answer is None:
                return False
            found = _value(answer)
            if invariant.member is not None:
                number = _at(found, invariant.member)
                if type(number) is not int:
                    where = ".".join(invariant.member)
                    self._fail(invariant.name, f"no number at {where} in {answer}, {when}", address)
                    return True
                total += number
            elif (wrong := misses(invariant.expect, found)) is not None:
                self._fail(invariant.name, f"{wrong}, {when}: {answer}", address)
        if invariant.member is not None and total != invariant.equals:
            self._fail(invariant.name, f"the sum is {total}, not {invariant.equals}, {when}")
        return True

    async def _ask(self, choice: Choice, address: Address, tries_max: int | None) -> Answer | None:
        """What the actor itself has answered, if it has."""
        request = self._client.request(choice, address, recorded=True)
        # When nothing is in the way, no answer is to be blamed on haste: the actor may have
        # to call others for it.
        patient = not self._faults.active
        await self._client.settle(request, tries_max=tries_max, believe=False, patient=patient)
        definite = request.definite()
        return definite[-1].answer if definite else None

    def _fail(self, name: str, reason: str, address: Address | None = None) -> None:
        self.failures.append(Failure(f"invariant: {name}", reason, address))


def _value(answer: Answer) -> Any:
    """The reply, as JSON has it; of a rejection, or what is no JSON, its words."""
    if answer.reply is None:
        return str(answer)
    return _json(answer.reply)


def _json(reply: Payload) -> Any:
    try:
        return json.loads(reply.data)
    except (ValueError, RecursionError):
        return str(reply)


def _at(found: Any, member: tuple[str, ...]) -> Any:
    for name in member:
        found = found.get(name) if isinstance(found, dict) else None
    return found
