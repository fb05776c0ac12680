"""Another component over turns that were recorded: what it does, and what was done.

The recorded component runs beside it, turn by turn, so that each turn begins
with the state that it had then, whatever the other one made of those before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple, cast

from kelpie.errors import ActorError
from kelpie.ids import Payload
from kelpie.journal.birth import Flown
from kelpie.journal.entries import Seals, packed_call, packed_end, read_end_of
from kelpie.journal.expected import Divergence, Halted, shown, shown_call
from kelpie.journal.replay import Held, Ran, keep, replay, turn_of
from kelpie.journal.values import Packer
from kelpie.limits import Limits
from kelpie.wasm.turn import Component, Failure, Guest, HostCall, Outcome, Page

__all__ = ["Change", "Comparison", "OperationFuel", "compare"]

_CHANGES_MAX = 20


class Change(NamedTuple):
    """What a turn does otherwise: the first thing."""

    turn: int
    position: int
    operation: str
    call: int | None
    """Which host call, counted from 1; None: the calls are the same."""
    before: str
    after: str


@dataclass(slots=True)
class OperationFuel:
    """What an operation took, summed over its turns."""

    turns: int = 0
    changed_calls: int = 0
    changed_replies: int = 0
    fuel_before: int = 0
    fuel_after: int = 0


@dataclass(slots=True)
class Comparison:
    """What came of it."""

    turns: int = 0
    operations: dict[str, OperationFuel] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    """The first ones."""
    changed: int = 0
    """How many turns do something else."""
    divergence: Divergence | None = None
    """Where the recorded component itself is not as recorded: nothing is compared behind it."""

    @property
    def is_same(self) -> bool:
        return self.divergence is None and not self.changed

    def told(self) -> dict[str, object]:
        """As programs are told of it."""
        return {
            "same": self.is_same,
            "turns": self.turns,
            "changed": self.changed,
            "changes": [each._asdict() for each in self.changes],
            "operations": {name: asdict(each) for name, each in self.operations.items()},
            "divergence": None if self.divergence is None else self.divergence._asdict(),
        }


class _KnownAnswers:
    """Answers what the recorded component was told in this turn, or is known of before."""

    def __init__(self, recorded: list[HostCall], kv: Mapping[bytes, Payload | None]) -> None:
        self._recorded = list(recorded)
        self._kv = kv

    def kv_get(self, key: bytes) -> Payload | None:
        for call in self._recorded:
            if call.name == "kv.get" and call.arguments == (key,):
                return cast("Payload | None", call.result)
        if key in self._kv:
            return self._kv[key]
        raise Halted(f"what kv has under {shown(key)} was not recorded")

    def kv_list(
        self, prefix: bytes, after: bytes | None, _limit: int, reverse: bool, *_writes: object
    ) -> Page:
        for call in self._recorded:
            asked = (call.arguments[0], call.arguments[1], *call.arguments[3:])
            if call.name == "kv.list" and asked == (prefix, after, reverse):
                return cast("Page", call.result)
        raise Halted(f"what kv has from {shown(prefix)} on was not recorded")

    def call(self, *asked: object) -> Payload | Failure:
        for at, call in enumerate(self._recorded):
            if call.name == "messaging.call" and call.arguments == asked:
                return cast("Payload | Failure", self._recorded.pop(at).result)
        raise Halted(f"no answer of {shown(asked[0])} to {shown(asked[1])} was recorded")

    def refuses_send(self, *_asked: object) -> None:
        """That an outbox is full says nothing of the component."""

    def why_never_due(self, _schedule: object) -> str | None:
        return None

    def reminder_names(self) -> frozenset[str]:
        for call in self._recorded:
            if call.name == "messaging.reminders":
                return frozenset(cast("tuple[str, ...]", call.result))
        return frozenset()


async def compare(
    instances: Iterable[Flown],
    other: Component,
    component_of: Callable[[str], Awaitable[Component]],
    limits: Limits,
) -> Comparison:
    """Runs the turns of these instances in the component that ran them, which is found
    by its digest, and in the other.

    Raises:
        ComponentError: this host refuses one of them.
    """
    found = Comparison()
    for flown in instances:
        component = await component_of(flown.birth.digest)
        await _compare(flown, component, other, limits, found)
        if found.divergence is not None:
            break
    return found


async def _compare(
    flown: Flown, component: Component, other: Component, limits: Limits, found: Comparison
) -> None:
    packer = flown.birth.packer(limits)
    guest: Guest | None = None
    # As they were before the turn: the replay has gone on when it tells of it.
    held = Held(flown.birth.state)
    try:
        async for ran in replay(flown, component, limits, found.turns):
            found.divergence = ran.divergence
            if ran.divergence is not None or ran.given is None or ran.outcome is None:
                return
            found.turns += 1
            if ran.stopped is None:
                guest = guest or await other.instantiate()
                outcome, why = await _run(guest, flown, ran, held)
                _judge(ran, ran.outcome, outcome, why, packer, found)
                if outcome.instance_lost:
                    guest.close()
                    guest = None
            keep(ran.outcome, held)
    except ActorError as error:
        found.divergence = Divergence(
            0, found.turns, None, "no instance of it can be made", "an instance", str(error)
        )
    finally:
        if guest is not None:
            guest.close()


async def _run(
    guest: Guest,
    flown: Flown,
    ran: Ran,
    held: Held,
) -> tuple[Outcome, str | None]:
    """Its outcome, and why it was ended if that was for want of an answer."""
    given, before = ran.given, ran.outcome
    assert given is not None
    assert before is not None
    answers = _KnownAnswers(before.journal, held.kv)
    outcome = await guest.run(turn_of(flown, given, held, answers))
    cause = None if outcome.error is None else outcome.error.__cause__
    return outcome, str(cause) if isinstance(cause, Halted) else None


def _judge(
    ran: Ran, before: Outcome, after: Outcome, why: str | None, packer: Packer, found: Comparison
) -> None:
    assert ran.given is not None
    operation = ran.given.operation or "(batch)"
    counted = found.operations.setdefault(operation, OperationFuel())
    counted.turns += 1
    counted.fuel_before += before.fuel
    counted.fuel_after += after.fuel
    call = _first_other_call(before.journal, after.journal, packer)
    ends = _told_end(before, packer), why or _told_end(after, packer)
    counted.changed_calls += call is not None
    counted.changed_replies += ends[0] != ends[1]
    if call is None and ends[0] == ends[1]:
        return
    found.changed += 1
    if len(found.changes) < _CHANGES_MAX:
        told = ends
        if call is not None:
            told = _told_call(before.journal, call), why or _told_call(after.journal, call)
        number = None if call is None else call + 1
        found.changes.append(Change(ran.given.number, found.turns, operation, number, *told))


def _first_other_call(before: list[HostCall], after: list[HostCall], packer: Packer) -> int | None:
    for index, (one, other) in enumerate(zip(before, after, strict=False)):
        if packed_call(one, packer) != packed_call(other, packer):
            return index
    return None if len(before) == len(after) else min(len(before), len(after))


def _told_call(journal: list[HostCall], index: int) -> str:
    return shown_call(journal[index]) if index < len(journal) else "the end of the turn"


def _told_end(outcome: Outcome, packer: Packer) -> str:
    end = read_end_of(packed_end(outcome, packer, Seals(b"")))
    return shown(end.reply) if end.error is None else f"{end.error[0]}: {end.error[1]}"
