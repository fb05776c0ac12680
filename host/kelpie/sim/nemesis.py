"""Who does harm on purpose: kills, pauses, overlaps, and turns clocks."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from kelpie.errors import KindNotFound, PlatformError, VersionNotFound
from kelpie.sim.cast import NAMESPACE, Cast
from kelpie.sim.faults import NEMESIS, Faults
from kelpie.sim.fleet import Fleet, Incarnation
from kelpie.sim.kind_deletions import KindDeletions
from kelpie.sim.loop import SimLoop
from kelpie.sim.tape import Tape
from kelpie.sim.trace import Trace
from kelpie.store.memory import MemoryStore
from kelpie.store.tuples import unpack

__all__ = ["Nemesis"]

_NS_A_SECOND: Final = 1e9
_PEACE_NS_MIN: Final = 10_000_000
_PEACE_NS_MAX: Final = 250_000_000
_LONG_PAUSE_NS_MAX: Final = 6_000_000_000
_STARVATION_NS_MAX: Final = 200_000_000
_ZOMBIE_NS_MAX: Final = 4_000_000_000
_STORM_NS_MAX: Final = 300_000_000
_CLOCK_JUMP_NS_MAX: Final = 3_600_000_000_000
_VERSIONS_MAX: Final = 100_000_000
_ALIVE_MAX: Final = 4


class Nemesis:
    """Acts again and again, until the faults are over."""

    def __init__(
        self,
        loop: SimLoop,
        tape: Tape,
        faults: Faults,
        trace: Trace,
        fleet: Fleet,
        store: MemoryStore,
        cast: Cast,
        deletions: KindDeletions,
    ) -> None:
        self._loop = loop
        self._tape = tape
        self._faults = faults
        self._trace = trace
        self._fleet = fleet
        self._store = store
        self._kinds = list(cast)
        self._deletions = deletions

    async def run(self) -> None:
        while True:
            peace = self._tape.between("nemesis/peace", _PEACE_NS_MIN, _PEACE_NS_MAX)
            await asyncio.sleep(peace / _NS_A_SECOND)
            if not self._faults.active:
                return
            event = self._choose()
            if event is not None and self._act(event, self._fleet.newest):
                self._faults.fired[event] += 1
                self._trace.event("nemesis", event)

    def _choose(self) -> str | None:
        rates = {name: self._faults.rates[name] for name in NEMESIS}
        point = self._tape.draw("nemesis", sum(rates.values()) + 1)
        if point == 0:
            return None
        for name, rate in rates.items():
            if point <= rate:
                return name
            point -= rate
        raise AssertionError("a point lies below the sum of the rates")

    def _act(self, event: str, newest: Incarnation) -> bool:
        """Whether it could be done to whom it was meant for."""
        match event:
            case "instances-dropped":
                self._on(newest, newest.runtime.drop_instances)
            case "clock-jump":
                by = self._tape.draw("clock/jump", 2 * _CLOCK_JUMP_NS_MAX) - _CLOCK_JUMP_NS_MAX
                newest.env.jump_wall(by)
            case "version-jump":
                self._store.jump(1 + self._tape.draw("version/jump", _VERSIONS_MAX))
            case "conflict-storm":
                newest.link.storm_until_ns = self._loop.now_ns + self._span("storm", _STORM_NS_MAX)
            case "rolled-back":
                if not newest.ready:
                    return False
                self._loop.spawn(newest.node, self._roll_back(newest), "rollback")
            case "kind-deleted":
                return self._deletions.begin(newest, self._kind())
            case "damaged":
                return self._damage()
            case _:
                return self._act_on_life(event, newest)
        return True

    def _act_on_life(self, event: str, newest: Incarnation) -> bool:
        if not newest.node.runs:
            return False
        match event:
            case "killed":
                self._fleet.kill(newest)
            case "starvation":
                self._pause(newest, self._span("starvation", _STARVATION_NS_MAX))
            case _ if not newest.ready or len(self._fleet.alive()) >= _ALIVE_MAX:
                # Nobody follows one that is yet to be born: it would fence off
                # its own successor, and then go.
                return False
            case "long-pause":
                self._pause(newest, self._span("pause", _LONG_PAUSE_NS_MAX))
                self._fleet.succeed(newest)
            case _:
                assert event in ("overlap", "declared-dead"), event
                self._fleet.succeed(newest, declared_dead=event == "declared-dead")
                self._later(self._span("zombie", _ZOMBIE_NS_MAX), self._kill_old, newest)
        return True

    async def _roll_back(self, newest: Incarnation) -> None:
        """Makes the other of two versions current; other faults may be in the way."""
        # A kind that was deleted has no other version for a while.
        with suppress(PlatformError, KindNotFound, VersionNotFound):
            await newest.runtime.roll_back(NAMESPACE, self._kind())
            self._faults.seen["another version became current"] += 1

    def _kind(self) -> str:
        kinds = self._kinds
        return kinds[self._tape.draw("nemesis/kind", len(kinds)) if len(kinds) > 1 else 0]

    def _damage(self) -> bool:
        """Flips a bit of an actor's data where it is stored."""
        found = [pair for pair in self._store.pairs() if _is_data(pair[0])]
        if not found:
            return False
        key, value = found[self._tape.draw("damage/place", len(found))]
        bit = self._tape.draw("damage/bit", 8 * len(value))
        damaged = bytearray(value)
        damaged[bit // 8] ^= 1 << bit % 8
        self._store.overwrite(key, bytes(damaged))
        return True

    def _pause(self, incarnation: Incarnation, span_ns: int) -> None:
        self._loop.pause(incarnation.node)
        self._later(span_ns, self._resume, incarnation)

    def _resume(self, incarnation: Incarnation) -> None:
        node = incarnation.node
        if not node.dead and not node.runs:
            self._loop.resume(node)
            if incarnation is not self._fleet.newest:
                self._faults.seen["a paused node came back after a takeover"] += 1

    def _kill_old(self, incarnation: Incarnation) -> None:
        # Had its successor died before it began, it would be the newest still.
        if not incarnation.node.dead and incarnation is not self._fleet.newest:
            self._fleet.kill(incarnation)

    def _on(self, incarnation: Incarnation, work: object) -> None:
        assert callable(work)
        self._loop.call_soon(work, context=incarnation.node.context.copy())

    def _later(self, delay_ns: int, work: object, *arguments: object) -> None:
        assert callable(work)
        context = self._loop.world.context.copy()
        self._loop.call_later(delay_ns / _NS_A_SECOND, work, *arguments, context=context)

    def _span(self, label: str, longest_ns: int) -> int:
        return self._tape.draw(f"span/{label}", longest_ns)


def _is_data(key: bytes) -> bool:
    elements = unpack(key)
    return elements[0] == "a" and elements[4] in ("st", "kv", "rq")
