"""The sequential model of an actor: its component, run alone.

A state is what the store would hold: the value and the entries of kv. For each
operation a fresh guest is given that state and nothing else, so whatever a
component keeps in its memory counts for nothing here, as the contract says.
"""

from __future__ import annotations

from collections.abc import Coroutine, Hashable, Iterable
from typing import Any, Final, NamedTuple, TypeVar

from kelpie.errors import ActorRejected, KelpieError
from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.runtime.envelope import DELETION, deleted_reply
from kelpie.sim.engine import TurnInput
from kelpie.sim.history import BATCH, Operation, Step
from kelpie.wasm.answers_in_memory import AnswersInMemory
from kelpie.wasm.kind_configuration import NO_CONFIGURATION, Configuration
from kelpie.wasm.turn import Caller, Component, Outcome, Turn

__all__ = ["EMPTY", "STORED_STATE", "ActorState", "ComponentModel", "answer_of"]

Result = TypeVar("Result")

STORED_STATE: Final = "(what is stored at the end)"
"""The name of the operation that looks at the whole state."""

_MEMORY_MAX: Final = 200_000
_PRINCIPAL: Final = "simulated"
_ANY_INPUT: Final = TurnInput(1, 1_800_000_000_000_000_000, bytes(32))
_OUTSIDE: Final = (
    "kelpie:actor/clock",
    "kelpie:actor/entropy",
    "kelpie:actor/identity",
    "wasi:clocks/",
    "wasi:random/",
)


class ActorState(NamedTuple):
    """What one actor stores; `kv` in the order of its keys."""

    value: Payload | None
    kv: tuple[tuple[bytes, Payload], ...]


EMPTY: Final = ActorState(None, ())


def answer_of(reply: Payload | None, error: KelpieError | None) -> Hashable:
    """An answer, as histories compare it. Of failures only the code counts:
    their words have addresses and backtraces in them."""
    if error is None:
        return reply
    if isinstance(error, ActorRejected):
        return ("rejected", error.rejection_code, error.message, error.details.get("index"))
    return ("failed", error.code)


class ComponentModel:
    """A `Model` of one actor. What it has found out is remembered for all
    actors of the component in the process, in `memory`."""

    def __init__(
        self,
        component: Component,
        address: Address,
        limits: Limits,
        memory: dict[Hashable, Step],
        configuration: Configuration = NO_CONFIGURATION,
    ) -> None:
        self._component = component
        self._address = address
        self._limits = limits
        self._memory = memory
        self._configuration = configuration
        self.sees_inputs = any(each.startswith(_OUTSIDE) for each in component.imports)
        """Whether a turn can depend on anything but its request and the state."""

    def initial(self) -> Hashable:
        return EMPTY

    def steps(self, state: Hashable, operation: Operation) -> Iterable[Step]:
        assert isinstance(state, ActorState)
        if operation.name == STORED_STATE:
            return (Step(state, state),)
        if operation.name == DELETION:
            return (Step(deleted_reply(state != EMPTY), EMPTY),)
        if not self.sees_inputs:
            return (self._remembered((), state, operation, _ANY_INPUT),)
        seen = (self._address, operation.request_id)
        return [self._remembered(seen, state, operation, given) for given in operation.inputs]

    def _remembered(
        self, seen: Hashable, state: ActorState, operation: Operation, given: Hashable
    ) -> Step:
        assert isinstance(given, TurnInput)
        key = (self._component.digest, seen, given, state, operation.name, operation.argument)
        step = self._memory.get(key)
        if step is None:
            if len(self._memory) >= _MEMORY_MAX:
                self._memory.clear()
            step = self._memory[key] = self._run(state, operation, given)
        return step

    def _run(self, state: ActorState, operation: Operation, given: TurnInput) -> Step:
        entries = dict(state.kv)
        outcome = _at_once(self._outcome(state, entries, operation, given))
        answer = answer_of(outcome.reply, outcome.error)
        if outcome.error is not None:
            return Step(answer, state)
        effects = outcome.effects
        for key, value in effects.kv.items():
            if value is None:
                entries.pop(key, None)
            else:
                entries[key] = value
        value = effects.state if effects.state_written else state.value
        return Step(answer, ActorState(value, tuple(sorted(entries.items()))))

    async def _outcome(
        self,
        state: ActorState,
        entries: dict[bytes, Payload],
        operation: Operation,
        given: TurnInput,
    ) -> Outcome:
        assert isinstance(operation.argument, Payload)
        is_batch = operation.name == BATCH
        turn = Turn(
            self._address,
            "" if is_batch else operation.name,
            operation.argument,
            operation.request_id,
            Caller("client", _PRINCIPAL),
            given.number,
            given.time_ns,
            given.entropy_seed,
            operation.read_only,
            state.value,
            AnswersInMemory(entries, self._limits),
            self._configuration,
            is_batch,
        )
        guest = await self._component.instantiate()
        try:
            return await guest.run(turn)
        finally:
            guest.close()


def _at_once(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs what never waits: every host call is answered at once here."""
    try:
        work.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    work.close()
    raise AssertionError("a guest waited although it was answered")
