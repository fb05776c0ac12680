"""The way between a node and the store, on which everything goes wrong.

What was sent to the store is the store's: a commit in flight may land although
its node is paused or dead, and also after another one has taken over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from kelpie.errors import (
    StoreCommitUnknown,
    StoreConflict,
    StoreFull,
    StoreReadFailed,
    StoreTooOld,
    StoreWriteFailed,
)
from kelpie.sim.faults import Faults
from kelpie.sim.loop import SimLoop
from kelpie.sim.node import Node
from kelpie.sim.tape import Tape
from kelpie.sim.trace import Part, Trace, brief
from kelpie.store.memory import CommitRequest, MemoryStore

__all__ = ["FaultyLink", "Witness"]

Result = TypeVar("Result")

_NS_A_SECOND: Final = 1e9
_READ_NS_MAX: Final = 1_500_000
_COMMIT_NS_MAX: Final = 4_000_000
_STALL_NS_MAX: Final = 3_000_000_000
# Shorter than an actor waits for its next request, or longer than a takeover.
_LATE_NS_MAX: Final = (6_000_000, 60_000_000, 4_000_000_000)
_TROUBLE_NS: Final = 30_000_000
_TROUBLE_FACTOR: Final = 10


class Witness(Protocol):
    """Who sees every commit that lands, and who can be asked to crash."""

    def landed(self, node: Node, request: CommitRequest, version: int) -> None: ...

    def crash(self, node: Node) -> None: ...


class FaultyLink:
    """A `store.memory.Link` for one node."""

    def __init__(
        self,
        store: MemoryStore,
        node: Node,
        loop: SimLoop,
        tape: Tape,
        faults: Faults,
        trace: Trace,
        witness: Witness,
    ) -> None:
        self._store = store
        self._node = node
        self._loop = loop
        self._tape = tape
        self._faults = faults
        self._trace = trace
        self._witness = witness
        self._trouble_until_ns = 0
        self.storm_until_ns = 0
        """Until then every commit meets another one."""

    async def read(self, operation: Callable[[], Result]) -> Result:
        fault = self._faults.first(
            "read-failed", "read-too-old", "read-stalled", "corruption", factor=self._factor()
        )
        stalled = self._tape.draw("stall", _STALL_NS_MAX) if fault == "read-stalled" else 0
        # The store answers somewhere between asking and hearing.
        await self._wait(self._latency("latency/read-there", _READ_NS_MAX) + stalled)
        if fault == "read-failed":
            raise StoreReadFailed("simulated: the read failed")
        if fault == "read-too-old":
            raise StoreTooOld("simulated: the version is gone")
        result = operation()
        if fault == "corruption":
            result = self._corrupted(result)
        self._trace.event(f"{self._node.name} reads", _read_part(result))
        await self._wait(self._latency("latency/read-back", _READ_NS_MAX))
        return result

    async def commit(self, request: CommitRequest) -> int:
        self._trace.event(f"{self._node.name} commits", _written_part(request))
        if self._loop.now_ns < self.storm_until_ns:
            self._faults.seen["commit in a conflict storm"] += 1
            await self._wait(self._tape.draw("latency/commit-there", _COMMIT_NS_MAX))
            raise StoreConflict("simulated: a storm of conflicts")
        fault = self._faults.first(
            "crash-before-commit",
            "crash-during-commit",
            "crash-after-commit",
            "commit-unknown-done",
            "commit-unknown-not-done",
            "commit-unknown-late",
            "commit-conflict",
            "commit-too-old",
            "write-failed",
            "disk-full",
            "commit-stalled",
            factor=self._factor(),
        )
        there = self._tape.draw("latency/commit-there", _COMMIT_NS_MAX)
        match fault:
            case "crash-before-commit":
                return await self._crash()
            case "crash-during-commit":
                self._land(request, self._late())
                return await self._crash()
            case "commit-conflict":
                error: Exception = StoreConflict("simulated: a conflict")
            case "commit-too-old":
                error = StoreTooOld("simulated: the version is gone")
            case "write-failed":
                error = StoreWriteFailed("simulated: the write failed")
            case "disk-full":
                error = StoreFull("simulated: the disk is full")
            case "commit-unknown-not-done":
                error = StoreCommitUnknown("simulated: the connection broke")
            case "commit-unknown-late":
                self._land(request, there + self._late())
                error = StoreCommitUnknown("simulated: the connection broke")
            case _:
                return await self._answered(request, there, fault)
        await self._wait(there)
        self._in_trouble(error)
        raise error

    async def _answered(self, request: CommitRequest, there: int, fault: str | None) -> int:
        """A commit that the store decides before the node hears anything."""
        if fault == "commit-stalled":
            there += self._tape.draw("stall", _STALL_NS_MAX)
        version = await self._land(request, there)
        if fault == "crash-after-commit":
            return await self._crash()
        await self._wait(self._latency("latency/commit-back", _COMMIT_NS_MAX))
        if fault == "commit-unknown-done":
            error = StoreCommitUnknown("simulated: the answer was lost")
            self._in_trouble(error)
            raise error
        return version

    def _in_trouble(self, error: Exception) -> None:
        """Troubles come together: whoever has to find out what became of a
        commit will find that hard as well."""
        if isinstance(error, StoreCommitUnknown):
            self._trouble_until_ns = self._loop.now_ns + _TROUBLE_NS

    def _factor(self) -> int:
        return _TROUBLE_FACTOR if self._loop.now_ns < self._trouble_until_ns else 1

    def _land(self, request: CommitRequest, after_ns: int) -> asyncio.Future[int]:
        """Has the store decide the commit later, whatever becomes of the node."""
        decided: asyncio.Future[int] = self._loop.create_future()
        self._loop.call_later(
            after_ns / _NS_A_SECOND,
            self._decide,
            request,
            decided,
            context=self._loop.world.context.copy(),
        )
        return decided

    def _late(self) -> int:
        scale = self._tape.draw("latency/late-scale", len(_LATE_NS_MAX))
        return self._tape.draw("latency/late", _LATE_NS_MAX[scale])

    def _decide(self, request: CommitRequest, decided: asyncio.Future[int]) -> None:
        try:
            version = self._store.apply(request)
        except (StoreConflict, StoreTooOld) as error:
            self._trace.event(f"refused {self._node.name}", error.code)
            if not decided.done():
                decided.set_exception(error)
                # Nobody may be waiting any more; then nobody is wronged.
                decided.exception()
            return
        self._trace.event(f"landed {self._node.name}", version)
        if self._node.dead:
            self._faults.seen["commit of a dead node landed"] += 1
        self._witness.landed(self._node, request, version)
        if not decided.done():
            decided.set_result(version)

    async def _crash(self) -> int:
        self._witness.crash(self._node)
        # Nothing of a dead node runs again: this is never over.
        await self._loop.create_future()
        raise AssertionError("the dead have returned")

    async def _wait(self, delay_ns: int) -> None:
        if delay_ns > 0:
            await self._loop.elapsed(delay_ns)

    def _latency(self, label: str, longest_ns: int) -> int:
        """Often none at all: then the operation does not suspend its caller."""
        return max(0, self._tape.draw(label, 2 * longest_ns) - longest_ns)

    def _corrupted(self, result: Result) -> Result:
        """A bit of what was read is flipped; what is stored stays as it is."""
        damaged: object = result
        if isinstance(result, bytes) and result:
            damaged = self._flipped(result)
        elif isinstance(result, list) and result:
            place = self._tape.draw("corruption/pair", len(result))
            key, value = result[place]
            pairs = list(result)
            pairs[place] = (key, self._flipped(value) if value else value)
            damaged = pairs
        if damaged == result:
            self._faults.seen["corruption of nothing"] += 1
        return damaged  # type: ignore[return-value]

    def _flipped(self, value: bytes) -> bytes:
        bit = self._tape.draw("corruption/bit", 8 * len(value))
        damaged = bytearray(value)
        damaged[bit // 8] ^= 1 << bit % 8
        return bytes(damaged)


def _read_part(result: object) -> Part:
    if isinstance(result, bytes):
        return brief(result)
    if isinstance(result, list):
        return tuple((key, brief(value)) for key, value in result)
    assert result is None or isinstance(result, int), "a version, or nothing"
    return result


def _written_part(request: CommitRequest) -> Part:
    buffer = request.buffer
    writes = tuple(
        (key, brief(write) if isinstance(write, bytes) else write)
        for key, write in buffer.writes.items()
    )
    return (writes, tuple(buffer.cleared))
