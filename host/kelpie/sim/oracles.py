"""What must hold at the end of a run, whatever happened in it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final

from kelpie.errors import CallerError, HostFault, KindNotFound, StoredValueCorrupt
from kelpie.ids import Address
from kelpie.limits import Limits
from kelpie.sim.endings import Endings
from kelpie.sim.engine import TurnLog
from kelpie.sim.failure import Failure
from kelpie.sim.history import Operation, Step
from kelpie.sim.linearizability import Explained, GaveUp, Verdict, check
from kelpie.sim.model import STORED_STATE, ActorState, ComponentModel
from kelpie.sim.ownership import Landings
from kelpie.sim.requests import Answer, Request
from kelpie.wasm.kind_configuration import NO_CONFIGURATION, Configuration
from kelpie.wasm.turn import Component

__all__ = ["GAVE_UP", "answers", "exactly_once", "linearizable"]


GAVE_UP: Final = "linearizability gave up"
"""No promise: the oracle that says that there was no verdict."""


def exactly_once(requests: Sequence[Request], endings: Endings) -> list[Failure]:
    """Every answer to one recorded request is the same, as long as its kind is there."""
    failures = []
    kinds = sorted({each.address.kind for each in requests})
    lives = [(kind, life) for kind in kinds for life in range(endings.lives(kind))]
    for request in (each for kind, life in lives for each in endings.of_life(requests, kind, life)):
        if request.read_only or not request.recorded:
            continue
        values = [each.answer.value for each in request.definite() if each.answer is not None]
        if len(set(values)) > 1:
            failures.append(
                Failure(
                    "exactly once",
                    f"the request {request.id} was answered in {len(set(values))} ways",
                    request.address,
                    tuple(f"{request.id} {request.operation}: {each}" for each in values),
                )
            )
    return failures


def answers(requests: Iterable[Request], endings: Endings, *, corruption: bool) -> list[Failure]:
    """No answer blames a client that did nothing wrong, or a fault of the host."""
    failures = []
    for request in requests:
        for attempt in request.attempts:
            answer = attempt.answer
            if answer is None or not _absurd(answer, corruption=corruption):
                continue
            gone = endings.known_at(request.address.kind, attempt.answered or 0)
            if not (gone and isinstance(answer.error, KindNotFound)):
                failures.append(
                    Failure("answers", f"{request.id} was answered {answer}", request.address)
                )
    return failures


def _absurd(answer: Answer, *, corruption: bool) -> bool:
    if isinstance(answer.error, StoredValueCorrupt):
        return not corruption
    return isinstance(answer.error, CallerError | HostFault)


def linearizable(
    requests: Sequence[Request],
    stored: Mapping[Address, ActorState],
    addresses: Iterable[Address],
    component_of: Callable[[Address], Component],
    limits: Limits,
    log: TurnLog,
    landings: Landings,
    endings: Endings,
    memory: dict[Hashable, Step | None],
    end: int,
    configuration: Configuration = NO_CONFIGURATION,
) -> list[Failure]:
    """For each actor one order explains every answer, and what is stored."""
    failures = []
    for address in addresses:
        if address in log.by_themselves:
            # The model knows only what clients have asked for.
            continue
        model = ComponentModel(component_of(address), address, limits, memory, configuration)
        asked = [each for each in requests if each.address == address]
        lives = endings.lives(address.kind)
        for life in range(lives):
            lived = endings.of_life(asked, address.kind, life)
            history = history_of(address, lived, log, landings)
            # Of a kind that was deleted at last, anything may be not yet cleared.
            is_last = life == lives - 1 and not endings.goes_on(address.kind)
            if is_last and address in stored:
                history.append(Operation(STORED_STATE, None, end, end + 1, stored[address]))
            failures += _judged(address, _verdict(history, model))
    return failures


def _judged(address: Address, verdict: Verdict) -> list[Failure]:
    if isinstance(verdict, Explained):
        return []
    if isinstance(verdict, GaveUp):
        reason = f"no verdict after {verdict.steps} steps: give fewer clients or requests"
        return [Failure(GAVE_UP, reason, address)]
    lines = (
        *(f"  {_shown(each)}" for each in verdict.order),
        f"then the state is {verdict.state}, and nowhere fits",
        f"  {_shown(verdict.stuck)}",
    )
    reason = f"no order explains {verdict.stuck.request_id or verdict.stuck.name}"
    return [Failure("linearizability", reason, address, lines)]


def history_of(
    address: Address, requests: Iterable[Request], log: TurnLog, landings: Landings
) -> list[Operation]:
    """The history of one actor. Failures that were injected are left out; they
    explain themselves."""
    history: list[Operation] = []
    for request in requests:
        if request.address != address:
            continue
        inputs = tuple(log.inputs[address, request.id])
        history += request.operations(inputs, _hint(request, log, landings))
        for attempt, operation in request.failures(inputs):
            assert attempt.answer is not None
            assert attempt.answer.error is not None
            if (address, request.id, attempt.answer.error.code) not in log.injured:
                history.append(operation)
    return history


def _hint(request: Request, log: TurnLog, landings: Landings) -> int | None:
    """When the turn ran that the commit had in it, or the answer came from."""
    landed = landings.get((request.address, request.id))
    delivered = [each.delivered for each in request.attempts if each.delivered is not None]
    if landed is not None and landed >= min(delivered, default=0):
        return landed
    for attempt in request.definite():
        return log.ran.get((request.address, request.id, attempt.node))
    return None


def _verdict(history: Sequence[Operation], model: ComponentModel) -> Verdict:
    """First without what was not seen to land, and may well never have: an
    order that explains the rest explains all."""
    likely = [each for each in history if each.known or each.hint is not None]
    verdict = check(likely, model)
    if isinstance(verdict, Explained) or len(likely) == len(history):
        return verdict
    return check(history, model)


def _shown(operation: Operation) -> str:
    until = operation.responded if operation.known else "?"
    reply = operation.reply if operation.known else "unknown"
    return (
        f"[{operation.invoked}..{until}] {operation.request_id} "
        f"{operation.name}({_plain(operation.argument)}) -> {_plain(reply)}"
    )


def _plain(value: object) -> str:
    data = getattr(value, "data", None)
    return data.decode(errors="replace") if isinstance(data, bytes) else str(value)
