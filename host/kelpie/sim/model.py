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
from kelpie.runtime.requests.envelope import DELETION, deleted_reply
from kelpie.sim.engine import TurnInput, messaging_in
from kelpie.sim.history import BATCH, Operation, Step
from kelpie.wasm.answers_in_memory import AnswersInMemory
from kelpie.wasm.kind_configuration import NO_CONFIGURATION, Configuration
from kelpie.wasm.schedule import Schedule
from kelpie.wasm.turn import Caller, Component, Failure, HostCall, Outcome, Turn

__all__ = ["EMPTY", "STORED_STATE", "ActorState", "ComponentModel", "answer_of"]

Result = TypeVar("Result")

STORED_STATE: Final = "(what is stored at the end)"
"""The name of the operation that looks at the whole state."""

_MEMORY_MAX: Final = 200_000
_PRINCIPAL: Final = "simulated"
_ANY_INPUT: Final = TurnInput(1, 1_800_000_000_000_000_000, bytes(32), Caller("client", _PRINCIPAL))
_NEVER_ASKED: Final = Failure("unavailable", "it was never asked this")
_NO_CALL: Final = HostCall("", (), None)
_OUTSIDE: Final = (
    "kelpie:actor/clock",
    "kelpie:actor/entropy",
    "kelpie:actor/identity",
    "kelpie:actor/messaging",
    "wasi:clocks/",
    "wasi:random/",
    "native",
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


class _Answers(AnswersInMemory):
    """Answers what has to do with others as it was answered in the simulated world.
    Whether it was asked the same is seen in the end, in the turn's `journal`."""

    def __init__(
        self, entries: dict[bytes, Payload], limits: Limits, calls: tuple[HostCall, ...]
    ) -> None:
        super().__init__(entries, limits)
        self._calls = calls
        self.journal: list[HostCall] = []

    def call(
        self, target: Address, operation: str, argument: Payload, key: str | None
    ) -> Payload | Failure:
        del target, operation, argument, key
        answer = self._recorded.result
        return answer if isinstance(answer, Payload | Failure) else _NEVER_ASKED

    def refuses_send(self, target: Address, letters: int, size: int) -> Failure | None:
        del target, letters, size
        return _failure_of(self._recorded.result)

    def why_never_due(self, schedule: Schedule) -> str | None:
        del schedule
        failure = _failure_of(self._recorded.result)
        return None if failure is None else failure.message

    def reminder_names(self) -> frozenset[str]:
        """As many of them as the recorded call tells of: no other one matters to it."""
        name, arguments, result = self._recorded
        if name == "messaging.reminders" and isinstance(result, tuple):
            return frozenset(map(str, result))
        return frozenset(map(str, arguments)) if result is True else frozenset()

    @property
    def _recorded(self) -> HostCall:
        """The call that was made in the place of the one that is being made."""
        place = len(messaging_in(self.journal))
        return self._calls[place] if place < len(self._calls) else _NO_CALL


def _failure_of(answer: object) -> Failure | None:
    """The failure, if it is one. Of a reminder's the journal has a plain tuple."""
    match answer:
        case ("failed" | "unavailable" as case, str(message), *_):
            return Failure(case, message)
    return None


class ComponentModel:
    """A `Model` of one actor. What it has found out is remembered for all
    actors of the component in the process, in `memory`."""

    def __init__(
        self,
        component: Component,
        address: Address,
        limits: Limits,
        memory: dict[Hashable, Step | None],
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
            step = self._remembered((), state, operation, _ANY_INPUT)
            assert step is not None, "without messaging nobody else is asked"
            return (step,)
        seen = (self._address, operation.request_id)
        steps = (self._remembered(seen, state, operation, given) for given in operation.inputs)
        return [each for each in steps if each is not None]

    def _remembered(
        self, seen: Hashable, state: ActorState, operation: Operation, given: Hashable
    ) -> Step | None:
        """What it does, if with this input it can do anything in this state."""
        assert isinstance(given, TurnInput)
        key = (self._component.digest, seen, given, state, operation.name, operation.argument)
        if key not in self._memory:
            if len(self._memory) >= _MEMORY_MAX:
                self._memory.clear()
            self._memory[key] = self._run(state, operation, given)
        return self._memory[key]

    def _run(self, state: ActorState, operation: Operation, given: TurnInput) -> Step | None:
        entries = dict(state.kv)
        answers = _Answers(entries, self._limits, given.calls)
        outcome = _at_once(self._outcome(state, answers, operation, given))
        if messaging_in(outcome.journal) != given.calls:
            # In this state it would not have come to that.
            return None
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
        answers: _Answers,
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
            given.caller,
            given.number,
            given.time_ns,
            given.entropy_seed,
            operation.read_only,
            state.value,
            answers,
            self._configuration,
            is_batch,
            answers.journal,
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
