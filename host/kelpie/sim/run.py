"""One seed, from the tape to the verdict."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from kelpie.ids import Address
from kelpie.limits import Limits
from kelpie.sim import oracles
from kelpie.sim.cast import SIMULATED, Cast
from kelpie.sim.engine import Foundry
from kelpie.sim.failure import Failure
from kelpie.sim.history import Step
from kelpie.sim.loop import Deadlock, Livelock
from kelpie.sim.model import ActorState
from kelpie.sim.tape import Recording, Tape
from kelpie.sim.trace import Event, Trace
from kelpie.sim.workload import Workload
from kelpie.sim.world import World

__all__ = ["Plan", "Run", "StoredInvariant", "alone", "run_seed"]


StoredInvariant: TypeAlias = Callable[[Mapping[Address, ActorState]], Iterable[Failure]]


@dataclass(slots=True)
class Plan:
    """What all runs of a simulation have in common."""

    uploads: Mapping[str, bytes]
    """The components, by the kind that each is deployed as."""
    workload: Workload
    limits: Limits
    foundry: Foundry
    memory: dict[Hashable, Step | None] = field(default_factory=dict)
    """What the model has found out."""
    invariants: tuple[StoredInvariant, ...] = ()
    """What must hold of all that is stored in the end, besides."""
    oracles: tuple[Callable[[World], list[Failure]], ...] = ()
    """... and of the whole world."""

    @property
    def cast(self) -> Cast:
        return Cast(self.foundry, self.uploads)


def alone(upload: bytes) -> Mapping[str, bytes]:
    """The `uploads` of a run with one component."""
    return {SIMULATED: upload}


@dataclass(slots=True)
class Run:
    """What came of one seed."""

    seed: int
    failures: list[Failure]
    turns: int
    requests: int
    """That clients asked under faults."""
    incarnations: int
    faults: Counter[str]
    seen: Counter[str]
    steps: int
    virtual_ms: int
    trace_hash: str
    events: list[Event]
    recording: Recording


def run_seed(
    plan: Plan,
    seed: int,
    *,
    recorded: Mapping[str, Sequence[int]] | None = None,
    requests: int | None = None,
    keep_events: bool = False,
) -> Run:
    """One run, from a seed or, with `recorded`, from a tape; with `requests`,
    of just so many, however few turns and faults they make."""
    workload = plan.workload
    if requests is not None:
        workload = replace(workload, requests=requests, turns_min=0, faults_min=0)
    trace = Trace(keep=keep_events)
    tape = Tape(seed, recorded, trace)
    # Collecting memory runs cleanup: never in the middle of a run, where
    # the moment would depend on what ran before.
    enabled = gc.isenabled()
    gc.disable()
    try:
        world = World(plan.cast, workload, plan.limits, plan.foundry, tape, trace)
        try:
            failures = _failures(plan, world)
            return _summary(world, seed, failures, tape, trace)
        finally:
            world.close()
    finally:
        if enabled:
            gc.enable()


def _failures(plan: Plan, world: World) -> list[Failure]:
    stuck: list[Failure] = []
    try:
        world.run()
    except (Deadlock, Livelock) as error:
        stuck.append(Failure("liveness", str(error)))
    if world.unsettled:
        ids = ", ".join(world.unsettled)
        stuck.append(Failure("liveness", f"never answered although all faults were over: {ids}"))
    found = [Failure("nothing passes silently", each) for each in world.loop.unheard()]
    found += world.watch.failures + world.calls.failures + world.invariants.failures
    found += world.damage
    found += world.calls.durable.failures
    if world.mail.undone is not None:
        found.append(Failure("messages arrive", world.mail.undone))
    if stuck:
        # The history is not whole: it would be judged unfairly.
        return stuck + found
    requests, log = world.requests + world.calls.requests, world.log
    fired = world.faults.fired
    found += oracles.answers(
        requests, world.endings, corruption=bool(fired["corruption"] or fired["damaged"])
    )
    found += oracles.exactly_once(requests, world.endings)
    found += world.replayed()
    found += oracles.linearizable(
        requests,
        world.stored,
        world.addresses,
        plan.cast.of,
        plan.limits,
        log,
        world.watch.landings,
        world.endings,
        plan.memory,
        world.moments.next(),
        plan.workload.configuration,
    )
    if len(world.stored) == len(world.addresses):
        found += [each for invariant in plan.invariants for each in invariant(world.stored)]
    for oracle in plan.oracles:
        found += oracle(world)
    return found


def _summary(world: World, seed: int, failures: list[Failure], tape: Tape, trace: Trace) -> Run:
    return Run(
        seed,
        failures,
        world.log.turns,
        world.asked,
        len(world.fleet.all),
        world.faults.fired,
        world.faults.seen,
        world.loop.steps,
        world.loop.now_ns // 1_000_000,
        trace.hexdigest(),
        trace.kept,
        tape.recording(),
    )
