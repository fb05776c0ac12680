"""What clients ask for, all at once: turns mostly, and a little of everything else."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count

from tests.api.support import COUNTER, Answer, Remote, Wire, request

__all__ = ["Load"]

ACTORS = 2_000
# Of a hundred requests. What is rare is expensive, or is not what a host is for.
PARTS = {
    "increment": 55,
    "increment_once": 10,
    "append": 8,
    "move": 4,
    "read": 10,
    "look": 6,
    "refused": 4,
    "trap": 1,
    "nothing": 1,
    "describe": 1,
}
# A connection ends after so many, and another one begins.
REQUESTS_OF_A_CONNECTION = 500
CHECK_EVERY_S = 20

Asked = tuple[bytes, set[int]]


class Load:
    """Counts what is answered, and keeps what should not have been."""

    def __init__(self, remote: Remote, seed: int) -> None:
        self.remote = remote
        self.answers: Counter[int] = Counter()
        self.wrong: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._ids = count(self._chance.getrandbits(40))
        self._is_ending = False

    async def run(self, connections: int, seconds: float) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(self._ask_on())
            group.create_task(self._check_components())
            await asyncio.sleep(seconds)
            self._is_ending = True

    async def _ask_on(self) -> None:
        parts, weights = list(PARTS), list(PARTS.values())
        while not self._is_ending:
            async with self.remote.wire() as wire:
                for part in self._chance.choices(parts, weights, k=REQUESTS_OF_A_CONNECTION):
                    if self._is_ending:
                        return
                    await self.ask(wire, part)

    async def ask(self, wire: Wire, part: str) -> None:
        """Asks for one of `PARTS`, and waits for the answer."""
        asked, expected = self._request(part)
        await wire.send(asked)
        self._note(part, await wire.answer(), expected)

    def _note(self, part: str, answer: Answer, expected: set[int]) -> None:
        self.answers[answer.status] += 1
        if answer.status not in expected:
            self.wrong[f"{part}: {answer.status} {answer.body[:200]!r}"] += 1

    async def _check_components(self) -> None:
        """Compiling, as long as the load lasts."""
        while not self._is_ending:
            answer = await self.remote.ask(
                "PUT", "/v1/kinds/counter?check=true", COUNTER.read_bytes()
            )
            self._note("check", answer, {200})
            for _ in range(CHECK_EVERY_S):
                if not self._is_ending:
                    await asyncio.sleep(1)

    def _request(self, part: str) -> Asked:
        number = self._chance.randrange(ACTORS)
        made: dict[str, Callable[[], Asked]] = {
            "increment": lambda: _post(f"counter/c{number}/increment"),
            "increment_once": lambda: _post(
                f"counter/c{number}/increment", request_id=f"once-{next(self._ids)}"
            ),
            "append": lambda: _post(f"ledger/l{number % 50}/append", b'{"item":"x"}'),
            # They stay small: what is there is cleared from time to time.
            "move": lambda: _post(f"ledger/l{number % 50}/clear"),
            "read": lambda: _post(f"counter/c{number}/get"),
            "look": lambda: (request("GET", self._chance.choice(_looks(number))), {200, 404}),
            "refused": lambda: _post(f"counter/c{number}/add", b'"much"', expected={422}),
            "trap": lambda: _post(f"rogue/r{number % 20}/trap", b'{"how":"panic"}', expected={500}),
            "nothing": lambda: _post("nobody/a/b", expected={404}),
            "describe": lambda: (request("GET", "/v1/openapi.json"), {200}),
        }
        return made[part]()


def _looks(number: int) -> Sequence[str]:
    return (
        "/v1/kinds",
        "/v1/kinds/counter",
        "/v1/actors/counter?limit=20",
        f"/v1/actors/counter/c{number}",
        f"/v1/state/counter/c{number}",
        f"/v1/kv/ledger/l{number % 50}?limit=20",
        "/metrics",
        "/readyz",
        "/",
    )


def _post(
    path: str, body: bytes = b"", *, request_id: str | None = None, expected: set[int] | None = None
) -> Asked:
    headers = {"Content_Type": "application/json"} if body else {}
    if request_id is not None:
        headers["Idempotency_Key"] = request_id
    return request("POST", f"/v1/actors/{path}", body, **headers), expected or {200}
