"""A real component, clients that repeat their requests, and every trouble at once.

The simulator does this with a checker and a shrinker; here it stands as the
promise in a few lines: each request is done once, and what is stored is whole.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from kelpie.errors import KelpieError, StoreConflict, StoreWriteFailed
from kelpie.limits import Limits
from kelpie.runtime.node import declare_dead
from kelpie.wasm.engine import WasmEngine
from tests.runtime.conftest import LIMITS
from tests.runtime.link import Held, failing, unknown_and_lost, unknown_but_landed
from tests.runtime.support import LEDGER, TestNode, World

CLIENTS = 4
ITEMS = 12


class Troubles:
    """A ledger on nodes that fail, and clients of it."""

    def __init__(self, world: World, engine: WasmEngine, seed: int) -> None:
        self.world = world
        self.engine = engine
        self.choose = random.Random(seed)
        self.nodes: list[TestNode] = []
        self.late: list[Held] = []

    async def add_node(self) -> TestNode:
        name = f"node-{len(self.nodes)}"
        node = await self.world.start(self.engine, Limits(**LIMITS), name)
        self.nodes.append(node)
        return node

    def meet(self, node: TestNode) -> None:
        """The node's next commits meet every trouble there is."""
        fates = [
            Held.land,
            Held.land,
            unknown_and_lost,
            unknown_but_landed,
            self.land_later,
            self.land_what_is_late,
            failing(StoreConflict("x")),
            failing(StoreWriteFailed("x")),
        ]
        node.link.fates.extend(self.choose.choice(fates) for _ in range(300))

    def land_later(self, held: Held) -> None:
        self.late.append(held)
        held.lose()

    def land_what_is_late(self, held: Held) -> None:
        while self.late:
            try:
                self.late.pop().apply()
            except StoreConflict:
                continue
        held.land()

    async def ask(self, operation: str, argument: Any = None, request: str | None = None) -> Any:
        """Asks one of the nodes, until one has an answer."""
        while True:
            node = self.choose.choice(self.nodes)
            try:
                return await node.value(operation, argument, kind="ledger", id=request)
            except KelpieError as error:
                if not error.retryable:
                    raise
            await asyncio.sleep(0)

    async def client(self, name: int) -> list[int]:
        """Appends; the numbers of its items."""
        numbers = []
        for n in range(ITEMS):
            item = f"{name}/{n}"
            numbers.append((await self.ask("append", {"item": item}, item))["number"])
            if self.choose.random() < 0.3:
                await self.ask("count")
            if self.choose.random() < 0.2:
                self.choose.choice(self.nodes).runtime.drop_instances()
        return numbers

    async def kill_some(self) -> None:
        """Declares two nodes dead, which go on as if nothing had happened."""
        for victim in range(2):
            await asyncio.sleep(0.01)
            transaction = self.world.store.client(self.world.env).transaction()
            await declare_dead(transaction, self.nodes[victim].runtime.node.name)
            await transaction.commit()
            self.meet(await self.add_node())
        for node in self.nodes:
            node.link.fates.clear()


@pytest.mark.parametrize("seed", range(12))
async def test_a_ledger_stays_whole(
    world: World, wasm: Callable[..., WasmEngine], seed: int
) -> None:
    troubles = Troubles(world, wasm(), seed)
    first = await troubles.add_node()
    await first.runtime.deploy("default", "ledger", LEDGER.read_bytes())
    await troubles.add_node()
    for node in troubles.nodes:
        troubles.meet(node)
    killing = asyncio.ensure_future(troubles.kill_some())
    numbers = await asyncio.gather(*(troubles.client(n) for n in range(CLIENTS)))
    await killing
    everything = list(range(1, CLIENTS * ITEMS + 1))
    assert sorted(number for each in numbers for number in each) == everything
    assert all(each == sorted(each) for each in numbers), "in the order of asking"
    listed = (await troubles.ask("list", {"page": 7}))["items"]
    assert [item["number"] for item in listed] == everything
    items = {item["number"]: item["item"] for item in listed}
    for name, each in enumerate(numbers):
        assert [items[number] for number in each] == [f"{name}/{n}" for n in range(ITEMS)]
    assert (await troubles.ask("count"))["count"] == len(everything)
