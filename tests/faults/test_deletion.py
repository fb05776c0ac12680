"""`kill -9` while a kind is deleted: it goes on at the next start, and nothing is left."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from kelpie.store import keyspace
from kelpie.store.keyspace import KeyRange
from tests.api.support import LEDGER, Remote
from tests.faults.victim import Victim

ACTORS = 600
CLIENTS = 20


@pytest.mark.slow
async def test_killed_while_a_kind_is_deleted(data: Path) -> None:
    victim = Victim(data)
    remote = await victim.start()
    try:
        await asyncio.gather(*(fill(remote, range(n, ACTORS, CLIENTS)) for n in range(CLIENTS)))
        deleting = asyncio.ensure_future(remote.ask("DELETE", "/v1/kinds/ledger?force=true"))
        whole = count(data)
        while not deleting.done() and count(data) == whole:
            await asyncio.sleep(0)
        victim.kill()
        await asyncio.wait([deleting])
        deleting.exception()

        remote = await victim.start()
        assert (await remote.ask("GET", "/v1/kinds/ledger")).code == "kind-not-found"
        while count(data):
            await asyncio.sleep(0.05)
        deployed = await remote.deploy("ledger", LEDGER)
        assert deployed.json["number"] == 2
        counted = await remote.ask("POST", "/v1/actors/ledger/0/count")
        assert counted.json == {"count": 0}
        # What was beside it is as it was.
        assert (await remote.ask("GET", "/v1/kinds/counter")).status == 200
    finally:
        victim.kill()


async def fill(remote: Remote, actors: range) -> None:
    for actor in actors:
        target = f"/v1/actors/ledger/{actor}/append"
        body = b'{"item": "fig"}'
        answer = await remote.ask("POST", target, body, Content_Type="application/json")
        assert answer.status == 200, answer.body


def count(data: Path) -> int:
    """Rows of the kind's actors, as the file has them."""
    ranges: list[KeyRange] = keyspace.everything_of("default", "ledger")
    connection = sqlite3.connect(f"file:{data / 'kelpie.db'}?mode=ro", uri=True)
    try:
        counted = [
            connection.execute(
                "SELECT count(*) FROM pairs WHERE key >= ? AND key < ?", each
            ).fetchone()[0]
            for each in ranges
        ]
    finally:
        connection.close()
    return sum(counted)
