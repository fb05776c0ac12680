"""Each fault of the store does what its name says, and only that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kelpie.errors import (
    StoreCommitUnknown,
    StoreConflict,
    StoredValueCorrupt,
    StoreFull,
    StoreReadFailed,
    StoreTooOld,
    StoreWriteFailed,
)
from kelpie.sim.env import SimEnv
from kelpie.sim.faults import RATES, Faults
from kelpie.sim.node import Node
from kelpie.sim.store import FaultyLink
from kelpie.sim.tape import Tape
from kelpie.sim.trace import Trace
from kelpie.store.frame import frame, unframe
from kelpie.store.memory import CommitRequest, MemoryClient, MemoryStore
from tests.sim.test_loop import make_loop

KEY = b"key"
LONG_S = 20.0


class World:
    """A store, and one node that reaches it over a link on which one thing goes wrong."""

    def __init__(self, fault: str | None) -> None:
        tape = Tape.from_seed(1, Trace())
        self.loop = make_loop(1)
        self.faults = Faults(tape, {})
        self.faults.rates = dict.fromkeys(RATES, 0)
        if fault is not None:
            self.faults.rates[fault] = 1_000_000
        self.store = MemoryStore(SimEnv(self.loop, self.loop.world, tape))
        self.node = self.loop.node("node")
        SimEnv(self.loop, self.node, tape)
        self.landed_versions: list[int] = []
        self.link = FaultyLink(self.store, self.node, self.loop, tape, self.faults, Trace(), self)
        self.client = MemoryClient(self.store, self.link)

    def landed(self, node: Node, request: CommitRequest, version: int) -> None:
        self.landed_versions.append(version)

    def crash(self, node: Node) -> None:
        self.loop.kill(node)

    def value(self) -> bytes | None:
        return self.store.get(KEY, self.store.version())

    async def write(self, value: bytes = b"value") -> int:
        transaction = self.client.transaction()
        await transaction.read_version()
        transaction.set(KEY, frame(KEY, value))
        return await transaction.commit()

    def run(self, work: Callable[[], Awaitable[Any]], patience_s: float = LONG_S) -> Any:
        """What `work` gives on the node, or None if it never ends."""

        async def main() -> Any:
            task = self.loop.spawn(self.node, _await(work), "work")
            await asyncio.wait([task], timeout=patience_s)
            return task.result() if task.done() else None

        try:
            return self.loop.run_until_complete(main())
        finally:
            self.loop.close()


async def _await(work: Callable[[], Awaitable[Any]]) -> Any:
    return await work()


def _armed(world: World, work: Callable[[], Awaitable[Any]]) -> Any:
    world.faults.active = True
    return world.run(work)


def test_without_faults_a_commit_is_one() -> None:
    world = World("write-failed")
    assert world.run(world.write) == world.landed_versions[0]
    assert world.value() == frame(KEY, b"value")
    assert world.faults.total == 0


SURELY_NOT = {
    "commit-conflict": StoreConflict,
    "commit-too-old": StoreTooOld,
    "write-failed": StoreWriteFailed,
    "disk-full": StoreFull,
}


@pytest.mark.parametrize("fault", SURELY_NOT)
def test_surely_not_committed(fault: str) -> None:
    world = World(fault)
    with pytest.raises(SURELY_NOT[fault]):
        _armed(world, world.write)
    assert world.value() is None
    assert world.faults.fired[fault] == 1


def test_unknown_and_done() -> None:
    world = World("commit-unknown-done")
    with pytest.raises(StoreCommitUnknown):
        _armed(world, world.write)
    assert world.value() is not None


def test_unknown_and_not_done() -> None:
    world = World("commit-unknown-not-done")

    async def write_and_wait() -> None:
        try:
            await world.write()
        finally:
            await asyncio.sleep(LONG_S / 2)

    with pytest.raises(StoreCommitUnknown):
        _armed(world, write_and_wait)
    assert world.value() is None


def test_unknown_and_later() -> None:
    world = World("commit-unknown-late")

    async def write_and_look() -> bytes | None:
        with pytest.raises(StoreCommitUnknown):
            await world.write()
        before = world.value()
        await asyncio.sleep(LONG_S / 2)
        return before

    assert _armed(world, write_and_look) is None
    assert world.value() is not None


def test_a_late_commit_meets_those_that_came_before_it() -> None:
    world = World("commit-unknown-late")

    async def race() -> None:
        transaction = world.client.transaction()
        await transaction.get(KEY)
        transaction.set(KEY, b"straggler")
        with pytest.raises(StoreCommitUnknown):
            await transaction.commit()
        world.faults.active = False
        await world.write(b"barrier")
        await asyncio.sleep(LONG_S / 2)

    _armed(world, race)
    assert world.value() == frame(KEY, b"barrier")


@pytest.mark.parametrize(
    ("fault", "lands"),
    [("crash-before-commit", False), ("crash-during-commit", True), ("crash-after-commit", True)],
)
def test_crashes(fault: str, lands: bool) -> None:
    world = World(fault)
    assert _armed(world, world.write) is None
    assert world.node.dead
    assert (world.value() is not None) == lands
    if fault == "crash-during-commit":
        assert world.faults.seen["commit of a dead node landed"] == 1


def test_a_commit_in_flight_lands_although_its_node_dies() -> None:
    world = World(None)
    loop = world.loop

    async def commit_and_die() -> None:
        transaction = world.client.transaction()
        transaction.set(KEY, b"farewell")
        loop.call_soon(loop.kill, world.node, context=loop.world.context.copy())
        await transaction.commit()

    assert world.run(commit_and_die) is None
    assert world.node.dead
    assert world.value() == b"farewell"


READS = {"read-failed": StoreReadFailed, "read-too-old": StoreTooOld}


@pytest.mark.parametrize("fault", READS)
def test_reads_fail(fault: str) -> None:
    world = World(fault)

    async def read() -> None:
        await world.client.transaction().get(KEY)

    with pytest.raises(READS[fault]):
        _armed(world, read)


def test_corruption_is_found_and_what_is_stored_is_whole() -> None:
    world = World("corruption")

    async def write_and_read() -> None:
        world.faults.active = False
        await world.write()
        world.faults.active = True
        stored = await world.client.transaction().get(KEY)
        assert stored is not None
        assert stored != world.value()
        unframe(KEY, stored)

    with pytest.raises(StoredValueCorrupt):
        world.run(write_and_read)
    stored = world.value()
    assert stored is not None
    assert unframe(KEY, stored) == b"value"


def test_corruption_in_a_range() -> None:
    world = World("corruption")

    async def write_and_read() -> list[tuple[bytes, bytes]]:
        world.faults.active = False
        await world.write()
        world.faults.active = True
        return await world.client.transaction().get_range(b"a", b"z", limit=9)

    ((key, value),) = world.run(write_and_read)
    assert key == KEY
    assert value != world.value()


@pytest.mark.parametrize("fault", ["commit-stalled", "read-stalled"])
def test_stalls_take_long_and_pass(fault: str) -> None:
    world = World(fault)

    async def work() -> float:
        await world.write()
        return world.loop.time()

    assert _armed(world, work) > 0.1
    assert world.value() is not None


def test_in_a_storm_every_commit_meets_another_one() -> None:
    world = World(None)
    world.link.storm_until_ns = 1_000_000_000

    async def weather() -> None:
        with pytest.raises(StoreConflict):
            await world.write()
        await asyncio.sleep(1)
        await world.write()

    world.run(weather)
    assert world.value() is not None
