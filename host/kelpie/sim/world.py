"""The simulated world of one run: nodes, clients, faults, and two phases."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from kelpie.errors import StoredValueCorrupt
from kelpie.ids import Address
from kelpie.journal.birth import Flown
from kelpie.journal.policy import Policy
from kelpie.limits import Limits
from kelpie.sim.calls import CallWatch
from kelpie.sim.cast import NAMESPACE, Cast
from kelpie.sim.client import Client
from kelpie.sim.endings import Endings
from kelpie.sim.engine import Foundry, SimEngine, TurnLog
from kelpie.sim.env import SimEnv
from kelpie.sim.failure import Failure
from kelpie.sim.faults import Faults
from kelpie.sim.fleet import Fleet, Incarnation
from kelpie.sim.invariant_watch import InvariantWatch
from kelpie.sim.kind_deletions import KindDeletions
from kelpie.sim.loop import SimLoop
from kelpie.sim.mail import Leftovers, dead_letters, note_what_happened, reminders_left, until_quiet
from kelpie.sim.model import ActorState
from kelpie.sim.moments import Moments
from kelpie.sim.nemesis import Nemesis
from kelpie.sim.network import Network
from kelpie.sim.node import Node
from kelpie.sim.ownership import OwnershipWatch, Writer
from kelpie.sim.replaying import journaled, replays
from kelpie.sim.requests import Request
from kelpie.sim.stored import stored_state
from kelpie.sim.tape import Tape
from kelpie.sim.tight_limits import tightened
from kelpie.sim.trace import Trace
from kelpie.sim.workload import Workload
from kelpie.store.memory import CommitRequest, MemoryStore

__all__ = ["World"]

_STEPS_MAX: Final = 5_000_000
_TIME_MS_MAX: Final = 3_600_000
_LIVENESS_TRIES_MAX: Final = 60
_REQUESTS_FACTOR_MAX: Final = 20


class World:
    """Everything that exists in one run. `run` it once, then `close` it."""

    def __init__(
        self,
        cast: Cast,
        workload: Workload,
        limits: Limits,
        foundry: Foundry,
        tape: Tape,
        trace: Trace,
    ) -> None:
        self._cast = cast
        self._workload = workload
        self._limits = limits
        self._tape = tape
        # What asyncio calls abstract raises NotImplementedError, as it should here.
        self.loop = loop = SimLoop(  # type: ignore[abstract]
            tape, steps_max=_STEPS_MAX, time_ms_max=_TIME_MS_MAX
        )
        self.faults = faults = Faults(tape, workload.rates)
        self.moments = Moments()
        self.log = TurnLog(self.moments)
        self.requests: list[Request] = []
        self.asked = 0
        """How many of them clients asked while there were faults: with as many, and the
        same tape, all is as it was."""
        self.unsettled: list[str] = []
        """Requests that were not answered although all was well."""
        self.stored: dict[Address, ActorState] = {}
        """What is stored of each actor at the end, unless it is damaged."""
        self.damage: list[Failure] = []
        """What cannot be read at the end, though nobody has damaged it."""
        self.mail = Leftovers()
        self.journaled: list[Flown] = []
        """What their journals have at the end."""
        self.addresses = [address for kind in cast for address in workload.addresses(kind)]
        store_env = SimEnv(loop, loop.world, tape)
        self._store = MemoryStore(store_env, limits)
        self._direct = self._store.client(store_env)
        self.endings = Endings(self.moments, self._dead)
        self.watch = OwnershipWatch(self._store, self.addresses, self.log, self.endings)
        self._engine = SimEngine(foundry, faults, trace, self.log)
        self.calls = CallWatch(self.moments, cast, faults, self.crash)
        self.fleet = Fleet(
            loop,
            tape,
            faults,
            trace,
            tightened(limits, tape),
            self._store,
            store_env,
            self._engine,
            self.calls,
            self,
        )
        self._network = Network(loop, tape, faults, trace, self.moments)
        self._deletions = KindDeletions(self.fleet, self.endings, self._deploy, workload)
        harmed = self.fleet, self._store, cast, self._deletions
        self._nemesis = Nemesis(loop, tape, faults, trace, *harmed)
        self.invariants = InvariantWatch(
            self._client("invariants"), workload.invariants, tape, faults
        )

    # What the links to the store report.

    def landed(self, node: Node, request: CommitRequest, version: int) -> None:
        incarnation = self.fleet.of(node)
        number = incarnation.runtime.node.incarnation
        writer = Writer(incarnation.name, number, node.name)
        self.watch.landed(writer, request, version)
        self.calls.durable.landed(node, request, self.addresses)

    def _dead(self) -> frozenset[str]:
        return self.fleet.dead()

    def crash(self, node: Node) -> None:
        self.fleet.kill(self.fleet.of(node))

    # The run.

    def run(self) -> None:
        """Deploys the component, lets clients at it under faults, heals the
        world, and has everything finish.

        Raises:
            Deadlock, Livelock
        """
        self.loop.run_until_complete(self._run())

    def close(self) -> None:
        """Unwinds what still stands, and frees every guest."""
        self.loop.close()
        self._engine.close()

    async def _run(self) -> None:
        first = self.fleet.begin()
        await self.fleet.until_ready()
        for kind in self._cast:
            await self.loop.spawn(first.node, self._deploy(first, kind), "deploy")
        await self.invariants.set_up(self._workload.setup, _LIVENESS_TRIES_MAX)
        await self._under_faults()
        await self._healed()
        for address in self.addresses:
            try:
                limits = self._limits
                self.mail.dead_letters[address] = await dead_letters(self._direct, address, limits)
                self.mail.reminders[address] = await reminders_left(self._direct, address, limits)
                self.stored[address] = await stored_state(self._direct, address, self._limits)
                self.journaled += await journaled(self._direct, address)
            except StoredValueCorrupt as error:
                self.faults.seen["damage that stayed"] += 1
                if not self.faults.fired["damaged"]:
                    self.damage.append(Failure("nothing is damaged", str(error), address))

    async def _deploy(self, first: Incarnation, kind: str) -> None:
        deployed, *others = self._cast.versions(kind)
        # The turns of the check would be told from those of clients by nothing.
        deploy = partial(first.runtime.deploy, NAMESPACE, kind, determinism_check=False)
        await deploy(deployed)
        # Before the others: whoever goes back among them keeps what is set.
        for change in self._workload.changes:
            await first.runtime.configure(NAMESPACE, kind, change)
        for other in others:
            await deploy(other)
        policy = list(Policy)[self._tape.draw("swarm/journal", len(Policy))]
        await first.runtime.journals.set_policy(NAMESPACE, kind, policy)

    def replayed(self) -> list[Failure]:
        """What guests did and what journals have of it, run again: what was not the same."""
        component_of = self._cast.of
        did = [flown for each in self._engine.flown if (flown := each.flown()) is not None]
        limits = self._limits
        return [
            # A turn that has seen what was void is itself: nobody is told of it.
            *replays(did, component_of, limits, where="as guests did it", committed=False),
            *replays(self.journaled, component_of, limits, where="in its journal", committed=True),
        ]

    async def _under_faults(self) -> None:
        self.faults.active = True
        self._spawn(self.loop.world, self._nemesis.run(), "nemesis")
        clients = [self._client(f"c{number + 1}") for number in range(self._workload.clients)]
        working = [
            self._spawn(self.loop.node(client.name), self._work(client), client.name)
            for client in clients
        ]
        watching = self._spawn(
            self.loop.node("invariants"), self.invariants.in_the_middle(), "invariants"
        )
        again = self._deletions.deploy_anew(self.faults)
        self._spawn(self.loop.world, again, "deploy anew")
        for each in working:
            await each
        self.faults.active = False
        await watching

    async def _work(self, client: Client) -> None:
        while self._wants_more():
            self.asked += 1
            await client.ask_one()

    def _wants_more(self) -> bool:
        workload, asked = self._workload, self.asked
        if asked >= _REQUESTS_FACTOR_MAX * workload.requests:
            return False
        return (
            asked < workload.requests
            or self.log.turns < workload.turns_min
            or self.faults.total < workload.faults_min
        )

    async def _healed(self) -> None:
        """Faults are over: whatever is still open must be answered now."""
        self.fleet.heal()
        await self.fleet.until_ready()
        await self._deletions.until_all_are_there()
        client = self._client("last")
        for request in list(self.requests):
            # Half of them stay open: the checker has to bear with that.
            if request.doubtful and self._tape.draw("workload/ask-at-last", 2) == 0:
                await self._settle(client, request)
        for choice in self._workload.choices:
            if choice.read_only:
                for address in self._workload.addresses(choice.kind):
                    await self._settle(client, client.request(choice, address, recorded=True))
        self.mail.undone = await until_quiet(self.fleet.newest.env, self._direct, self._limits)
        await self.invariants.at_the_end(_LIVENESS_TRIES_MAX)
        for each in self.fleet.all:
            note_what_happened(each.runtime, self.faults)
        self.faults.seen["a kind was deleted, with all that it held"] += self.endings.count
        self.faults.seen["kv that a deletion left was cleared"] += self.watch.left_cleared
        self.fleet.close()
        newest = await self.fleet.until_ready()
        await self.loop.spawn(newest.node, newest.runtime.drain(), "drain")
        self.calls.check_over(newest.runtime)

    async def _settle(self, client: Client, request: Request) -> None:
        await client.settle(request, tries_max=_LIVENESS_TRIES_MAX, believe=False)
        last = request.attempts[-1].answer
        if not request.settled and not (last is not None and last.of_the_actor):
            self.unsettled.append(request.id)

    def _client(self, name: str) -> Client:
        return Client(
            name,
            self._workload,
            self._tape,
            self.fleet,
            self._network,
            self.requests,
        )

    def _spawn(self, node: Node, work: object, name: str) -> asyncio.Task[None]:
        assert asyncio.iscoroutine(work)
        return self.loop.spawn(node, work, name)
