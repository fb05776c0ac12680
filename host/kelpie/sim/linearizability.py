"""Is there one order that explains every reply, and respects real time?

The search of Wing and Gong with Lowe's memoization: walk through the
invocations in time order, let any operation take effect that was invoked before
the first response still open, go back when none fits, and never look twice at
the same set of operations done with the same state.

Three prunings, each sound:

* A read-only operation that fits is taken at once and for good: whatever order
  explains the rest also does behind it. (Not so one that merely happens to
  change nothing here: it may be needed later, where it does.)
* An operation of unknown outcome is never taken where it changes nothing.
* Of several such operations that are alike, the one invoked first goes first.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kelpie.sim.history import Model, Operation

__all__ = ["Explained", "GaveUp", "Unexplained", "Verdict", "check"]

STEPS_MAX: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Explained:
    """Linearizable. `order` is one order that explains the history."""

    order: tuple[Operation, ...]
    state: Hashable


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Not linearizable. `order` explains as much as any does; after it, in
    `state`, `stuck` had answered but can have taken effect nowhere."""

    order: tuple[Operation, ...]
    state: Hashable
    stuck: Operation


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The search took more steps than it may. This is no pass."""

    steps: int


Verdict = Explained | Unexplained | GaveUp


def check(history: Sequence[Operation], model: Model, *, steps_max: int = STEPS_MAX) -> Verdict:
    """Judges the history of one object. `steps_max` bounds the work: how often the
    model is asked."""
    return _Search(history, model, steps_max).run()


class _Event:
    """An invocation or a response, in a list from which it can be lifted."""

    __slots__ = ("after", "before", "index", "is_invocation", "response")

    def __init__(self, index: int, *, is_invocation: bool) -> None:
        self.index = index
        self.is_invocation = is_invocation
        self.response: _Event | None = None
        self.before: _Event
        self.after: _Event | None = None


@dataclass(slots=True)
class _Taken:
    """An operation that was taken, and the state before it."""

    event: _Event
    state: Hashable


class _Search:
    def __init__(self, history: Sequence[Operation], model: Model, steps_max: int) -> None:
        self._operations = sorted(history, key=lambda each: (each.invoked, each.responded))
        self._model = model
        self._steps_max = steps_max
        self._steps = 0
        self._state = model.initial()
        self._done = 0
        self._open = sum(each.known for each in history)
        self._taken: list[_Taken] = []
        self._seen: set[tuple[int, Hashable]] = set()
        self._twins = _twins(self._operations)
        self._deepest: tuple[tuple[int, ...], Hashable] = ((), self._state)
        self._head = _linked(self._operations)

    def run(self) -> Verdict:
        # For each operation taken, what could be taken instead; and the next one.
        choices = [self._choices()]
        while self._open:
            choice = next(choices[-1], None)
            if self._steps > self._steps_max:
                return GaveUp(self._steps)
            if choice is not None:
                self._take(*choice)
                choices.append(self._choices())
                continue
            choices.pop()
            if not choices:
                return self._unexplained()
            self._take_back()
        order = tuple(self._operations[each.event.index] for each in self._taken)
        return Explained(order, self._state)

    def _choices(self) -> Iterator[tuple[_Event, Hashable]]:
        """The operations that can take effect next, each with the state after it."""
        candidates = self._candidates()
        for event in candidates:
            operation = self._operations[event.index]
            if operation.read_only and operation.known:
                for state in self._states(operation):
                    yield event, state
                    return
        for event in candidates:
            operation = self._operations[event.index]
            if operation.read_only:
                continue
            done = self._done | 1 << event.index
            for state in self._states(operation):
                if (done, state) not in self._seen:
                    self._seen.add((done, state))
                    yield event, state

    def _candidates(self) -> list[_Event]:
        """Whatever was invoked before the first response that is still open:
        first what is thought to have happened first, or has to answer soonest;
        last what need never have happened."""
        found: list[tuple[int, _Event]] = []
        event = self._head.after
        while event is not None and event.is_invocation:
            twin = self._twins[event.index]
            if twin is None or self._done >> twin & 1:
                operation = self._operations[event.index]
                hint = operation.responded if operation.hint is None else operation.hint
                found.append((hint, event))
            event = event.after
        found.sort(key=lambda each: each[0])
        return [event for _, event in found]

    def _states(self, operation: Operation) -> Iterator[Hashable]:
        """The states that the operation can lead to from here."""
        self._steps += 1
        for step in self._model.steps(self._state, operation):
            if operation.known:
                if step.reply == operation.reply:
                    yield step.state
            elif step.state != self._state:
                yield step.state

    def _take(self, event: _Event, state: Hashable) -> None:
        self._taken.append(_Taken(event, self._state))
        self._state = state
        self._done |= 1 << event.index
        self._open -= self._operations[event.index].known
        _lift(event)
        self._note_depth()

    def _take_back(self) -> None:
        last = self._taken.pop()
        self._state = last.state
        self._done &= ~(1 << last.event.index)
        self._open += self._operations[last.event.index].known
        _unlift(last.event)

    def _note_depth(self) -> None:
        if len(self._taken) > len(self._deepest[0]):
            order = tuple(each.event.index for each in self._taken)
            self._deepest = (order, self._state)

    def _unexplained(self) -> Unexplained:
        order, state = self._deepest
        left = [
            operation
            for index, operation in enumerate(self._operations)
            if operation.known and index not in order
        ]
        stuck = min(left, key=lambda each: each.responded)
        return Unexplained(tuple(self._operations[index] for index in order), state, stuck)


def _twins(operations: Sequence[Operation]) -> list[int | None]:
    """For each operation of unknown outcome: the last one before it like it."""
    latest: dict[Hashable, int] = {}
    twins: list[int | None] = []
    for index, operation in enumerate(operations):
        if operation.known:
            twins.append(None)
            continue
        kind = (operation.name, operation.argument, operation.inputs)
        twins.append(latest.get(kind))
        latest[kind] = index
    return twins


def _linked(operations: Sequence[Operation]) -> _Event:
    """The list of events in time order, behind a head that is no event."""
    timed: list[tuple[int, int, _Event]] = []
    for index, operation in enumerate(operations):
        invocation = _Event(index, is_invocation=True)
        timed.append((operation.invoked, 0, invocation))
        if operation.known:
            invocation.response = _Event(index, is_invocation=False)
            timed.append((operation.responded, 1, invocation.response))
    head = last = _Event(-1, is_invocation=False)
    # An invocation at the time of a response counts as concurrent with it.
    for _, _, event in sorted(timed, key=lambda each: each[:2]):
        last.after, event.before = event, last
        last = event
    return head


def _lift(event: _Event) -> None:
    for each in (event, event.response):
        if each is not None:
            each.before.after = each.after
            if each.after is not None:
                each.after.before = each.before


def _unlift(event: _Event) -> None:
    for each in (event.response, event):
        if each is not None:
            each.before.after = each
            if each.after is not None:
                each.after.before = each
