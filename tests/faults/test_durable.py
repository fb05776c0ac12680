"""`kill -9` in the middle of a durable turn: it goes on by itself, and nobody is asked twice."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.api.support import Remote
from tests.cli.host import LEDGER, kelpie
from tests.faults.counting import GONE, PAUSE_SECONDS
from tests.faults.victim import Victim

ROUNDS = LEDGER.with_name("rounds.wasm")
STEPS = 60_000_000
"""What keeps the third of those visited busy for long enough to be seen."""
TRIES = 10


async def go_round(remote: Remote, visitor: str, visited: list[str]) -> bytes:
    body = json.dumps({"to": visited, "steps": STEPS}).encode()
    headers = {"Content_Type": "application/json", "Idempotency_Key": visitor}
    answer = await remote.ask("POST", f"/v1/actors/rounds/{visitor}/round", body, **headers)
    assert answer.status == 200, answer.body
    return answer.body


async def in_flight(remote: Remote) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await remote.ask("GET", "/v1/turns?kind=rounds")).json[
        "turns"
    ]
    return found


async def killed_before_the_third(victim: Victim, visitor: str, visited: list[str]) -> bool:
    """Kills the host when two of the visits are over and the third has begun. False if
    the whole round was over first."""
    remote = victim.remote
    asked = asyncio.ensure_future(go_round(remote, visitor, visited))
    # Before each visit there is a look at whom it visits.
    while not asked.done():
        turns = await in_flight(remote)
        if turns and turns[0]["calls"] == 2 * len(visited) - 1:
            victim.kill()
            with pytest.raises(GONE):
                await asked
            return True
    return False


async def test_it_goes_on_by_itself(data: Path) -> None:
    victim = Victim(data)
    try:
        remote = await victim.start()
        deploying = asyncio.to_thread(kelpie, "deploy", ROUNDS, url=remote.url)
        assert (await deploying).returncode == 0
        for number in range(TRIES):
            visitor, visited = f"ann-{number}", [f"{name}-{number}" for name in ("b", "c", "d")]
            if await killed_before_the_third(victim, visitor, visited):
                break
        else:
            pytest.fail("each round was over before it was seen")
        remote = await victim.start()
        # Nobody asks for it.
        while await in_flight(remote):
            await asyncio.sleep(PAUSE_SECONDS)
        for name in visited:
            seen = await remote.ask("POST", f"/v1/actors/rounds/{name}/seen")
            assert seen.json == {"visits": 1, "rounds": 0}
        state = await remote.ask("GET", f"/v1/state/rounds/{visitor}")
        assert state.json == {"visits": 0, "rounds": 1}
        reply = json.loads(await go_round(remote, visitor, visited))
        assert reply == {"visits": 3, "last": {"visits": 1}}
    finally:
        victim.kill()
