"""The incarnations of a run: who lives, who is paused, who comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

from kelpie.errors import Moved, StoreConflict, StoreError, StoreTooOld
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime
from kelpie.runtime.node import declare_dead
from kelpie.sim.calls import CallWatch
from kelpie.sim.engine import SimEngine
from kelpie.sim.env import SimEnv
from kelpie.sim.faults import Faults
from kelpie.sim.loop import SimLoop
from kelpie.sim.mail import deliver_twice
from kelpie.sim.node import Node
from kelpie.sim.store import FaultyLink, Witness
from kelpie.sim.tape import Tape
from kelpie.sim.trace import Trace
from kelpie.store.memory import MemoryClient, MemoryStore

__all__ = ["Fleet", "Incarnation"]

_NS_A_SECOND: Final = 1e9
_RESTART_NS_MAX: Final = 400_000_000
_RESTART_NS_MIN: Final = 5_000_000
_NAMES: Final = ("one", "two")


@dataclass(slots=True)
class Incarnation:
    """One life of a node: the production runtime in the simulated world."""

    node: Node
    env: SimEnv
    link: FaultyLink
    runtime: Runtime
    name: str
    ready: bool = False


class Fleet:
    """All incarnations over one store. There is always a newest one, or one on
    its way to be; older ones may live on for as long as the nemesis lets them.
    """

    def __init__(
        self,
        loop: SimLoop,
        tape: Tape,
        faults: Faults,
        trace: Trace,
        limits: Limits,
        store: MemoryStore,
        store_env: SimEnv,
        engine: SimEngine,
        calls: CallWatch,
        witness: Witness,
    ) -> None:
        self._loop = loop
        self._tape = tape
        self._faults = faults
        self._trace = trace
        self._limits = limits
        self._store = store
        self._direct = store.client(store_env)
        self._engine = engine
        self._calls = calls
        self._witness = witness
        self._closing = False
        self._changed = loop.create_future()
        self.all: list[Incarnation] = []

    @property
    def newest(self) -> Incarnation:
        return self.all[-1]

    def alive(self) -> list[Incarnation]:
        return [each for each in self.all if not each.node.dead]

    def on(
        self, incarnation: Incarnation, work: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        """Has an incarnation do something. If it dies in the middle, that is never over."""
        return self._loop.spawn(incarnation.node, work, name)

    def dead(self) -> frozenset[str]:
        """The names of the nodes that live no more."""
        return frozenset(each.node.name for each in self.all if each.node.dead)

    def choose(self) -> Incarnation | None:
        """Whom a client asks: mostly the newest, sometimes one that it should
        have forgotten. None while there is nobody."""
        ready = [each for each in reversed(self.alive()) if each.ready]
        if not ready:
            return None
        if len(ready) > 1 and self._tape.draw("route", 4) == 3:
            return ready[self._tape.draw("route", len(ready))]
        return ready[0]

    def begin(self, name: str = _NAMES[0]) -> Incarnation:
        """Begins a new incarnation of the node of this name."""
        node = self._loop.node(f"{name}-{len(self.all) + 1}")
        env = SimEnv(self._loop, node, self._tape)
        link = FaultyLink(
            self._store, node, self._loop, self._tape, self._faults, self._trace, self._witness
        )
        client = MemoryClient(self._store, link)
        runtime = Runtime(env, client, self._engine, self._limits, name)
        self._calls.watch(runtime, node)
        deliver_twice(runtime, self._faults, self._tape)
        incarnation = Incarnation(node, env, link, runtime, name)
        self.all.append(incarnation)
        self._loop.spawn(node, self._boot(incarnation), "boot")
        return incarnation

    async def until_ready(self) -> Incarnation:
        """Waits until the newest incarnation serves."""
        while not self.newest.ready or self.newest.node.dead:
            await self._changed
        return self.newest

    def kill(self, incarnation: Incarnation) -> None:
        """Ends an incarnation. If it was the newest, another one follows."""
        self._trace.event("killed", incarnation.node.name)
        self._loop.kill(incarnation.node)
        if incarnation is self.newest and not self._closing:
            delay = self._tape.between("restart/after", _RESTART_NS_MIN, _RESTART_NS_MAX)
            self._in_the_world(delay, self.succeed, incarnation)

    def of(self, node: Node) -> Incarnation:
        return next(each for each in self.all if each.node is node)

    def succeed(self, incarnation: Incarnation, *, declared_dead: bool | None = None) -> None:
        """Lets another incarnation follow this one, which may live on: of the
        same name, or of another after this one was declared dead."""
        if incarnation is not self.newest:
            return
        if declared_dead is None:
            declared_dead = self._tape.draw("restart/elsewhere", 4) == 3
        if not declared_dead:
            self.begin(incarnation.name)
            return
        work = self._replace(incarnation)
        self._loop.spawn(self._loop.world, work, "replace")

    async def _replace(self, incarnation: Incarnation) -> None:
        while True:
            transaction = self._direct.transaction()
            try:
                await declare_dead(transaction, incarnation.name)
                await transaction.commit()
                break
            except (StoreConflict, StoreTooOld):
                continue
        self._faults.seen["a node was declared dead"] += 1
        if incarnation is self.newest:
            self.begin(_NAMES[incarnation.name == _NAMES[0]])
        elif self.newest.name == incarnation.name:
            # Another one followed meanwhile, and it was this one that was fenced off.
            self.kill(self.newest)

    async def _boot(self, incarnation: Incarnation) -> None:
        try:
            await incarnation.runtime.start()
        except (StoreError, Moved):
            # A process that cannot start exits, and is started again.
            self.kill(incarnation)
            return
        incarnation.ready = True
        changed, self._changed = self._changed, self._loop.create_future()
        changed.set_result(None)

    def heal(self) -> None:
        """Everybody who was paused goes on."""
        for each in self.alive():
            if not each.node.runs:
                self._loop.resume(each.node)

    def close(self) -> None:
        """Nobody follows any more."""
        self._closing = True

    def _in_the_world(self, delay_ns: int, work: object, *arguments: object) -> None:
        assert callable(work)
        context = self._loop.world.context.copy()
        self._loop.call_later(delay_ns / _NS_A_SECOND, work, *arguments, context=context)
