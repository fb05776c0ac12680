"""`kill -9` while clients transfer money: whatever is asked, the sum never changes.

`KELPIE_BANK_KILLS` says how often, if it is to be more than ten times.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.api.support import Remote
from tests.cli.host import kelpie
from tests.examples.bank import CannotBuild, write_components
from tests.faults.counting import GONE, PAUSE_SECONDS
from tests.faults.victim import Victim

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KELPIE_BANK_KILLS", "10"))
CLIENTS = 6
ACCOUNTS = [f"a{number}" for number in range(8)]
OPENED = 1_000
NOBODY = "nobody"
ENDS = {"done", "refused", "refunded"}
RUNNING_SECONDS = 0.6


@dataclass
class Teller:
    """What clients ask of the bank, on whatever host there is, until they are answered."""

    victim: Victim
    asked_again: int = 0
    transfers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The orders that were acknowledged, by their transfer."""
    ends: dict[str, str] = field(default_factory=dict)
    """What became of them."""

    async def ask(self, actor: str, operation: str, argument: object = None, **headers: str) -> Any:
        body = b"" if argument is None else json.dumps(argument).encode()
        headers |= {"Content_Type": "application/json"} if body else {}
        while True:
            await self.victim.open.wait()
            try:
                target = f"/v1/actors/{actor}/{operation}"
                answer = await self.victim.remote.ask("POST", target, body, **headers)
            except (*GONE, AssertionError):
                pass
            else:
                if answer.status == 200:
                    return answer.json
                assert answer.json["retryable"], answer.json
            self.asked_again += 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def transfer_on(self, name: str, stop: asyncio.Event) -> None:
        """One transfer after the other."""
        chance, number = random.Random(), 0
        while not stop.is_set():
            payer, paid = chance.sample(ACCOUNTS, 2)
            if chance.random() < 0.1:
                paid = NOBODY
            order = {"from": payer, "to": paid, "amount": chance.randint(1, 400)}
            transfer, number = f"{name}-{number}", number + 1
            await self.ask(f"transfer/{transfer}", "start", order, Idempotency_Key=transfer)
            self.transfers[transfer] = order
            if chance.random() < 0.1:  # as one who forgot that it was told, under another id
                await self.ask(f"transfer/{transfer}", "start", order)
            if chance.random() < 0.7:
                await self.end_of(transfer)

    async def end_of(self, transfer: str) -> None:
        while transfer not in self.ends:
            stage = (await self.ask(f"transfer/{transfer}", "status"))["stage"]
            if stage in ENDS:
                self.ends[transfer] = stage
            else:
                await asyncio.sleep(PAUSE_SECONDS)

    async def check(self) -> None:
        """What must hold at every moment."""
        report = await self.ask("auditor/main", "report")
        assert report["balanced"], report
        assert report["opened"] == OPENED * len(ACCOUNTS)
        assert report["in_flight"] >= 0
        found = await self.ask("auditor/main", "audit")
        assert found["wrong"] == []

    def expected(self) -> Counter[str]:
        """The balances, by what was acknowledged."""
        balances = Counter(dict.fromkeys(ACCOUNTS, OPENED))
        for transfer, order in self.transfers.items():
            if self.ends[transfer] == "done":
                balances[order["from"]] -= order["amount"]
                balances[order["to"]] += order["amount"]
        return balances

    def __str__(self) -> str:
        ends = ", ".join(f"{count} {end}" for end, count in Counter(self.ends.values()).items())
        return f"{len(self.transfers)} transfers ({ends}), asked again {self.asked_again} times"


@pytest.fixture
def data(tmp_path: Path, compiled_cache: Path) -> Path:
    """A data directory for a host that has to compile nothing of the bank."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "compiled").symlink_to(compiled_cache)
    return data


@pytest.fixture
def bank(tmp_path: Path, compiled_cache: Path) -> list[Path]:
    try:
        return write_components(tmp_path, compiled_cache)
    except CannotBuild as reason:
        pytest.skip(str(reason))


async def open_accounts(teller: Teller, remote: Remote, bank: list[Path]) -> None:
    for component in bank:
        done = await asyncio.to_thread(kelpie, "deploy", component, url=remote.url)
        assert done.returncode == 0, done.stderr
    teller.victim.open.set()
    for account in ACCOUNTS:
        await teller.ask(f"account/{account}", "open", {"amount": OPENED})


async def test_the_sum_never_changes(data: Path, bank: list[Path]) -> None:
    victim, stop = Victim(data), asyncio.Event()
    teller = Teller(victim)
    try:
        await open_accounts(teller, await victim.start(), bank)
        async with asyncio.TaskGroup() as running:
            for number in range(CLIENTS):
                running.create_task(teller.transfer_on(f"c{number}", stop))
            for _ in range(KILLS):
                await asyncio.sleep(random.uniform(0.05, RUNNING_SECONDS))
                victim.kill()
                await victim.start()
                victim.open.set()
                await teller.check()
            stop.set()
        for transfer in teller.transfers:
            await teller.end_of(transfer)
        await at_rest(teller)
    finally:
        victim.kill()
    print(f"\n{KILLS} kills: {teller}")
    assert len(teller.transfers) > KILLS
    assert {"done", "refunded"} <= set(teller.ends.values())


async def at_rest(teller: Teller) -> None:
    """All transfers have ended: once all is told, the book is that of the accounts."""
    while True:
        report = await teller.ask("auditor/main", "report")
        if not report["in_flight"] and not report["waiting"]:
            break
        assert report["balanced"], report
        await asyncio.sleep(PAUSE_SECONDS)
    await teller.check()
    for account, expected in teller.expected().items():
        assert (await teller.ask(f"account/{account}", "balance"))["balance"] == expected
    found = await teller.ask("auditor/main", "audit")
    assert found == {"agree": len(ACCOUNTS), "ahead": 0, "silent": 0, "wrong": []}
