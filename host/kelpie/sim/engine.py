"""The real engine, with guests that vanish and fail when the tape says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from kelpie.errors import ActorError, GuestOutOfFuel, GuestOutOfMemory, GuestTrapped
from kelpie.ids import Address
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.sim.faults import Faults
from kelpie.sim.moments import Moments
from kelpie.sim.node import NODE
from kelpie.sim.replaying import SIMULATED, Flights, GuestFlight
from kelpie.sim.running_env import RunningEnv
from kelpie.sim.trace import Part, Trace, brief
from kelpie.wasm.cache import do_without
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.turn import (
    Caller,
    Component,
    Description,
    Effects,
    Guest,
    HostCall,
    Manifest,
    Outcome,
    Turn,
)

__all__ = [
    "CALL",
    "Foundry",
    "SimEngine",
    "Simulated",
    "TurnInput",
    "TurnLog",
    "messaging_in",
    "with_no_meaning",
]

_FAILURES: Final[dict[str, type[ActorError]]] = {
    "guest-trapped": GuestTrapped,
    "guest-out-of-fuel": GuestOutOfFuel,
    "guest-out-of-memory": GuestOutOfMemory,
}


CALL: Final = "messaging.call"
"""What a journal calls the call of another actor."""
_MESSAGING: Final = "messaging."
# What is kept of guests until a run ends is bounded by the run.
_UNBOUNDED: Final = replace(DEFAULT_LIMITS, journal_memory_bytes_max=1 << 60)

# How the host names the turns for messages and reminders.
_BY_THEMSELVES: Final = ("letter-", "reminder-")
# A section that says nothing.
_NO_MEANING: Final = b"\x00\x06\x05other"


class TurnInput(NamedTuple):
    """What a turn was given besides its request: nobody outside can know it."""

    number: int
    time_ns: int
    entropy_seed: bytes
    caller: Caller
    calls: tuple[HostCall, ...] = ()
    """What it asked of other actors, and of the host for later, and what was answered."""


class TurnLog:
    """Every turn that ran, whoever ran it and whatever came of it."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments
        self.ran: dict[tuple[Address, str, str], int] = {}
        """When a request was last run: by actor, request and node."""
        self.turns = 0
        self.fuel = 0
        self.inputs: dict[tuple[Address, str], list[TurnInput]] = defaultdict(list)
        self.by_themselves: set[Address] = set()
        """Actors that had turns which no client asked for."""
        self.injured: set[tuple[Address, str, str]] = set()
        """Turns that were made to fail: actor, request, code."""

    def when_ran(self, address: Address, request_id: str, node: str) -> int:
        """When a request was last run there. What no guest runs, a deletion, ran now or before."""
        return self.ran.get((address, request_id, node)) or self._moments.next()

    def note_end(self, turn: Turn, node: str) -> None:
        self.ran[turn.address, turn.request_id, node] = self._moments.next()


class Simulated(Component, Protocol):
    """What a run can make guests of."""

    async def describe(self, *, yields: bool = True) -> Description:
        """As `Component.describe`. Without `yields` nothing waits."""
        ...


def with_no_meaning(wasm: bytes) -> bytes:
    """Another version of a component, which does the same."""
    return wasm + _NO_MEANING


class Foundry:
    """What all runs of a process share: the engine, and components compiled once."""

    def __init__(self, limits: Limits, cache_directory: Path | None) -> None:
        self.limits = limits
        self.env = RunningEnv()
        self._engine = WasmEngine(
            self.env, limits, cache_directory, epochs=False, trouble=do_without
        )
        self._components: dict[bytes, Simulated] = {}
        self._versions: dict[bytes, tuple[bytes, bytes]] = {}

    def versions(self, upload: bytes) -> tuple[bytes, bytes]:
        """Two components that do what the upload does, and differ in their digests.

        Raises:
            ComponentError
        """
        made = self._versions.get(upload)
        if made is None:
            wasm = self._engine.componentize_blocking(upload)
            made = self._versions[upload] = wasm, with_no_meaning(wasm)
        return made

    def add(self, one: bytes, its: Simulated, other: bytes, others: Simulated) -> None:
        """Takes two versions of what no file has the code of, under the bytes that name them."""
        self._versions[one] = one, other
        self._components |= {one: its, other: others}

    def component(self, upload: bytes) -> Simulated:
        """Raises:
        ComponentError
        """
        known = self._components.get(upload)
        if known is None:
            wasm, _ = self.versions(upload)
            known = self._components[upload] = self._engine.load_blocking(wasm)
            self._components[wasm] = known
        return known

    def close(self) -> None:
        self._components.clear()
        self._versions.clear()
        self._engine.close()


class SimEngine:
    """A `kelpie.wasm.turn.Engine` for one run. All guests that it made are
    closed with it, those of dead nodes too."""

    def __init__(self, foundry: Foundry, faults: Faults, trace: Trace, log: TurnLog) -> None:
        self.faults = faults
        self.trace = trace
        self.log = log
        self.guests: set[Guest] = set()
        self.flights = Flights(_UNBOUNDED)
        self.flown: list[GuestFlight] = []
        """What every guest did, those that are gone too."""
        self._foundry = foundry

    async def componentize(self, upload: bytes) -> bytes:
        return upload

    async def load(self, wasm: bytes, report: bytes = b"") -> Component:  # noqa: ARG002
        return _SimComponent(self, self._foundry.component(wasm))

    def close(self) -> None:
        for guest in self.guests:
            guest.close()
        self.guests.clear()


class _SimComponent:
    def __init__(self, engine: SimEngine, component: Simulated) -> None:
        self._engine = engine
        self._component = component

    @property
    def digest(self) -> str:
        return self._component.digest

    @property
    def manifest(self) -> Manifest:
        return self._component.manifest

    @property
    def report(self) -> bytes:
        return self._component.report

    @property
    def imports(self) -> tuple[str, ...]:
        return self._component.imports

    @property
    def batches(self) -> bool:
        return self._component.batches

    async def describe(self) -> Description:
        return await self._component.describe(yields=False)

    async def instantiate(self) -> Guest:
        guest = await self._component.instantiate()
        self._engine.guests.add(guest)
        flight = GuestFlight(self._engine.flights, self._component)
        self._engine.flown.append(flight)
        return _SimGuest(self._engine, guest, flight)


class _SimGuest:
    def __init__(self, engine: SimEngine, guest: Guest, flight: GuestFlight) -> None:
        self._engine = engine
        self._guest = guest
        self._flight = flight

    @property
    def memory_bytes(self) -> int:
        return self._guest.memory_bytes

    async def run(self, turn: Turn) -> Outcome:
        engine, log = self._engine, self._engine.log
        log.turns += 1
        if turn.request_id.startswith(_BY_THEMSELVES):
            log.by_themselves.add(turn.address)
        outcome = await self._guest.run(turn)
        given = (turn.number, turn.time_ns, turn.entropy_seed)
        entire = TurnInput(*given, turn.caller, messaging_in(outcome.journal))
        inputs = log.inputs[turn.address, turn.request_id]
        if entire not in inputs:
            inputs.append(entire)
        log.fuel += outcome.fuel
        self._flight.add(turn, outcome)
        node = NODE.get()
        log.note_end(turn, node.name)
        engine.trace.event(f"{node.name} turn", (turn.address, turn.request_id, *given))
        engine.trace.event("outcome", _outcome_part(outcome))
        if outcome.error is None:
            self._hurt(turn, outcome)
        return outcome

    def close(self) -> None:
        self._guest.close()
        self._engine.guests.discard(self._guest)

    def _hurt(self, turn: Turn, outcome: Outcome) -> None:
        """May let a turn that went well fail at its end, or its instance vanish."""
        faults = self._engine.faults
        fault = faults.first("instance-vanished", *_FAILURES)
        if fault is None:
            return
        outcome.instance_lost = True
        if fault in _FAILURES:
            error = _FAILURES[fault](f"{SIMULATED}{fault}")
            self._engine.log.injured.add((turn.address, turn.request_id, error.code))
            outcome.reply, outcome.error, outcome.effects = None, error, Effects()


def messaging_in(journal: Iterable[HostCall]) -> tuple[HostCall, ...]:
    """The host calls of a turn that others than its actor have a part in."""
    return tuple(each for each in journal if each.name.startswith(_MESSAGING))


def _outcome_part(outcome: Outcome) -> Part:
    calls = tuple((each.name, repr(each.arguments), repr(each.result)) for each in outcome.journal)
    reply = None if outcome.reply is None else brief(outcome.reply.data)
    error = None if outcome.error is None else outcome.error.code
    state = outcome.effects.state
    kv = tuple((key, None if v is None else brief(v.data)) for key, v in outcome.effects.kv.items())
    return (reply, error, None if state is None else brief(state.data), kv, calls, outcome.fuel)
