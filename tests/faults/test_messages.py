"""`kill -9` while actors send to each other: every message arrives, once and in order."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest

from tests.api.support import Remote
from tests.cli.host import LEDGER, kelpie
from tests.faults.counting import GONE, PAUSE_SECONDS
from tests.faults.victim import Victim

PARCELS = LEDGER.with_name("parcels.wasm")
SENDERS = ["ann", "bob", "cid"]
RECEIVERS = ["dan", "eve", "fay", "ann"]
RUNNING_SECONDS = 0.6


async def ask(remote: Remote, key: str, operation: str, argument: object, **headers: str) -> int:
    """The one number in the reply."""
    body = json.dumps(argument).encode()
    headers["Content_Type"] = "application/json"
    answer = await remote.ask("POST", f"/v1/actors/parcels/{key}/{operation}", body, **headers)
    assert answer.status == 200, answer.body
    (number,) = answer.json.values()
    assert isinstance(number, int)
    return number


async def send_on(victim: Victim, key: str, stop: asyncio.Event) -> int:
    """One send after the other, each under an id of its own and until it is
    answered; how many were."""
    sent = 0
    while not stop.is_set():
        argument = {"to": random.choice(RECEIVERS), "count": random.randint(1, 20)}
        headers = {"Idempotency_Key": f"{key}-{sent}"}
        while True:
            await victim.open.wait()
            try:
                await ask(victim.remote, key, "send", argument, **headers)
            except (*GONE, AssertionError):
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                break
        sent += 1
    return sent


async def all_arrived(remote: Remote) -> int:
    """Waits until everything has arrived; how much there was."""
    total = 0
    for sender in SENDERS:
        for receiver in RECEIVERS:
            sent = await ask(remote, sender, "count", {"of": f"sent/{receiver}"})
            while await ask(remote, receiver, "count", {"of": f"took/{sender}"}) < sent:
                await asyncio.sleep(PAUSE_SECONDS)
            total += sent
    return total


@pytest.mark.parametrize("kills", [2, pytest.param(25, marks=pytest.mark.slow)])
async def test_nothing_is_lost_doubled_or_out_of_order(data: Path, kills: int) -> None:
    victim, stop = Victim(data), asyncio.Event()
    try:
        remote = await victim.start()
        deploying = asyncio.to_thread(kelpie, "deploy", PARCELS, url=remote.url)
        assert (await deploying).returncode == 0
        async with asyncio.TaskGroup() as running:
            clients = [running.create_task(send_on(victim, key, stop)) for key in SENDERS]
            for _ in range(kills):
                victim.open.set()
                await asyncio.sleep(random.uniform(0.1, RUNNING_SECONDS))
                victim.kill()
                await victim.start()
            victim.open.set()
            stop.set()
        assert sum(each.result() for each in clients) > kills
        total = await all_arrived(victim.remote)
        assert total > kills
        for receiver in RECEIVERS:
            # The receiver itself has noted what was not the next one.
            page = await victim.remote.ask("GET", f"/v1/kv/parcels/{receiver}?prefix=wrong/")
            assert page.json["entries"] == []
            letters = await victim.remote.ask("GET", f"/v1/letters/parcels/{receiver}")
            assert letters.json == {"letters": [], "after": None}
    finally:
        victim.kill()
    print(f"\n{kills} kills: {total} messages, all of them arrived once and in order")
