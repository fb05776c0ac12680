"""The determinism gate: a component is tried before it is deployed.

It describes itself twice, and runs its author's script three times, each time as
an actor of its own that is alone in memory. Twice one instance runs the whole
script: every host call, the reply and the fuel must be the same. Once each
operation has a fresh instance: replies and effects must be the same then, too,
for an instance may vanish between any two turns.
"""

from __future__ import annotations

from hashlib import sha256

from kelpie.env import Env
from kelpie.errors import (
    ActorError,
    ActorRejected,
    ComponentNotDeterministic,
    ComponentTooCostly,
    KelpieError,
)
from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.runtime.kinds.script import Step
from kelpie.wasm.answers_in_memory import AnswersInMemory
from kelpie.wasm.turn import Caller, Component, Guest, HostCall, Outcome, Turn

__all__ = ["check_determinism"]

_KEY = "script"
_CALLER = Caller("client", "script")
_BEGINS_NS = 1_800_000_000_000_000_000
_STEP_NS = 1_000_000_000
_SHOWN_MAX = 200
"""Characters of a host call or a reply that an error shows."""


async def check_determinism(
    env: Env,
    limits: Limits,
    component: Component,
    script: tuple[Step, ...],
    namespace: str,
    kind: str,
) -> None:
    """Tries a component.

    Raises:
        ComponentNotDeterministic: two runs differ; `details` have the operation,
            the host call and what differs.
        ComponentTooCostly: the script takes longer than `script_wall_time_ms_max`.
        ActorError: it cannot be instantiated.
    """
    await _check_description(component)
    address = Address(namespace, kind, _KEY)
    rehearsals = [
        _Rehearsal(limits, component, address, fresh=fresh) for fresh in (False, False, True)
    ]
    try:
        await env.within(limits.script_wall_time_ms_max, _play(rehearsals, script))
    except TimeoutError as error:
        raise ComponentTooCostly(
            f"its script takes longer than {limits.script_wall_time_ms_max} ms "
            "(script_wall_time_ms_max): give it less to do"
        ) from error
    finally:
        for each in rehearsals:
            each.close()


async def _check_description(component: Component) -> None:
    try:
        one, other = await component.describe(), await component.describe()
    except ActorError as error:
        raise ComponentNotDeterministic(
            f"it described itself before, and now it cannot: {error}", operation="describe"
        ) from error
    if one != other:
        raise ComponentNotDeterministic(
            f"it described itself twice, and not alike: {_brief(one)}, then {_brief(other)}",
            operation="describe",
        )


async def _play(rehearsals: list[_Rehearsal], script: tuple[Step, ...]) -> None:
    for number, step in enumerate(script, 1):
        one, other, fresh = [await each.run(number, step) for each in rehearsals]
        _check_same(step, one, other)
        _check_same_seen(step, one, fresh)


class _Rehearsal:
    """One run of the script, by an actor in memory that nobody else sees."""

    def __init__(
        self, limits: Limits, component: Component, address: Address, *, fresh: bool
    ) -> None:
        """`fresh`: each operation has an instance of its own."""
        self._limits = limits
        self._component = component
        self._address = address
        self._fresh = fresh
        self._guest: Guest | None = None
        self._state: Payload | None = None
        self._entries: dict[bytes, Payload] = {}

    async def run(self, number: int, step: Step) -> Outcome:
        """Runs the operation, and keeps its effects."""
        if self._guest is None:
            self._guest = await self._component.instantiate()
        outcome = await self._guest.run(self._turn(number, step))
        if outcome.instance_lost or self._fresh:
            self.close()
        if outcome.error is None:
            self._keep(outcome)
        return outcome

    def close(self) -> None:
        if self._guest is not None:
            self._guest.close()
            self._guest = None

    def _turn(self, number: int, step: Step) -> Turn:
        return Turn(
            address=self._address,
            operation=step.operation,
            argument=step.argument,
            request_id=f"script-{number}",
            caller=_CALLER,
            number=number,
            time_ns=_BEGINS_NS + number * _STEP_NS,
            entropy_seed=sha256(b"kelpie script %d" % number).digest(),
            read_only=step.operation in self._component.manifest.read_only,
            state=self._state,
            answers=AnswersInMemory(self._entries, self._limits),
        )

    def _keep(self, outcome: Outcome) -> None:
        effects = outcome.effects
        if effects.state_written:
            self._state = effects.state
        for key, value in effects.kv.items():
            if value is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = value


def _check_same(step: Step, one: Outcome, other: Outcome) -> None:
    """Whether two instances with the same past did the same."""
    for index in range(max(len(one.journal), len(other.journal))):
        expected, got = (
            _told(each.journal[index]) if index < len(each.journal) else "nothing"
            for each in (one, other)
        )
        if expected != got:
            raise _different(
                step, f"host call {index + 1} was {_brief(expected)}, then {_brief(got)}", index + 1
            )
    if _answer(one) != _answer(other):
        raise _different(step, _two_answers(one, other))
    if one.fuel != other.fuel:
        raise _different(step, f"it took {one.fuel} units of fuel, then {other.fuel}")


def _check_same_seen(step: Step, one: Outcome, fresh: Outcome) -> None:
    """Whether an instance without a past answered and changed the same."""
    if _answer(one) != _answer(fresh):
        seen = _two_answers(one, fresh)
    elif one.error is None and one.effects != fresh.effects:
        seen = "it stored something else"
    else:
        return
    raise _different(
        step,
        f"in a fresh instance {seen}: it depends on what it kept in memory, "
        "which may vanish between any two turns",
    )


def _different(step: Step, what: str, host_call: int | None = None) -> ComponentNotDeterministic:
    details = {} if host_call is None else {"host_call": host_call}
    return ComponentNotDeterministic(
        f"operation {step.operation!r} of its script was run twice with the same input, "
        f"and not alike: {what}",
        operation=step.operation,
        **details,
    )


def _told(call: HostCall) -> str:
    return f"{call.name}{call.arguments!r} -> {call.result!r}"


def _answer(outcome: Outcome) -> object:
    """What the caller would get. Messages of traps have addresses in them."""
    if outcome.error is None:
        return outcome.reply
    if isinstance(outcome.error, ActorRejected):
        return outcome.error.code, outcome.error.rejection_code, outcome.error.message
    return outcome.error.code


def _two_answers(one: Outcome, other: Outcome) -> str:
    return f"it answered {_brief(_shown(one))}, then {_brief(_shown(other))}"


def _shown(outcome: Outcome) -> object:
    error: KelpieError | None = outcome.error
    return outcome.reply.data if outcome.reply is not None else error and str(error)


def _brief(told: object) -> str:
    shown = told if isinstance(told, str) else repr(told)
    return shown if len(shown) <= _SHOWN_MAX else f"{shown[:_SHOWN_MAX]}..."
