"""The parcels of `tests/guests/parcels`: what its clients ask, and what must have arrived."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from kelpie.ids import Address, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.messaging.dead_letter import DeadLetter
from kelpie.sim.choice import Choice
from kelpie.sim.engine import Foundry
from kelpie.sim.failure import Failure
from kelpie.sim.model import ActorState
from kelpie.sim.run import Plan, alone
from kelpie.sim.workload import Workload
from kelpie.sim.world import World
from tests.runtime.support import ROOT

__all__ = ["arrived", "parcels_plan", "rang"]

PARCELS = ROOT / "tests" / "guests" / "parcels.wasm"
ACTORS = ("actor-1", "actor-2", "actor-3")


def parcels_plan(foundry: Foundry) -> Plan:
    """Parcels among a few actors, each with some reminders."""
    sends = tuple({"to": to, "count": count} for to in ACTORS for count in (1, 2, 5))
    reminders = tuple({"after_ms": after_ms} for after_ms in (0, 50, 700))
    choices = (
        _choice("send", 6, sends),
        _choice("remind", 2, reminders),
        _choice("ask", 1, tuple({"to": to, "number": 1} for to in ACTORS)),
        _choice("count", 1, ({"of": "sent/actor-1"},), read_only=True),
    )
    # What is deleted counts from the beginning again.
    workload = Workload(choices, requests=120, deletes_per_cent=0)
    return Plan(alone(PARCELS.read_bytes()), workload, DEFAULT_LIMITS, foundry, oracles=(judged,))


def judged(world: World) -> list[Failure]:
    if len(world.stored) != len(world.addresses):
        return []
    injured = [address for address, request, _ in world.log.injured if "reminder-" in request]
    return [
        *arrived(world.stored, world.mail.dead_letters),
        *rang(world.stored, injured, world.mail.reminders),
    ]


def arrived(
    stored: Mapping[Address, ActorState], dead: Mapping[Address, Iterable[DeadLetter]]
) -> Iterator[Failure]:
    """Every parcel was taken once and in its order, or is a dead letter."""
    for receiver, state in stored.items():
        counts = _counts(state)
        for sender, sender_state in stored.items():
            letters = [each for each in dead.get(receiver, ()) if each.sender == sender]
            lost = [json.loads(each.argument.data).get("number") for each in letters]
            excused = {number for each, number in zip(letters, lost, strict=True) if _is_take(each)}
            sent = _counts(sender_state)["sent"].get(receiver.key, 0)
            took = counts["took"].get(sender.key, 0)
            marks = counts[f"wrong/{sender.key}"]
            jumps = [(before, int(number)) for number, before in marks.items()]
            for before, number in [*jumps, (took, sent + 1)]:
                if number <= before:
                    reason = f"{sender.key} sent {number}, which came after {before}"
                    yield Failure("messages once and in order", reason, receiver)
                missing = set(range(before + 1, number)) - excused
                if missing:
                    reason = f"{sorted(missing)} of {sender.key} never came"
                    yield Failure("messages arrive", reason, receiver)


def rang(
    stored: Mapping[Address, ActorState],
    injured: Iterable[Address],
    left: Mapping[Address, set[str]],
) -> Iterator[Failure]:
    """Every reminder rang once, but for those whose turn was made to fail, and those
    that are not yet due."""
    for address, state in stored.items():
        counts = _counts(state)
        names = {f"once-{number + 1}" for number in range(counts["reminded"].get("", 0))}
        often = {name: times for name, times in counts["rang"].items() if times != 1}
        if often:
            yield Failure("reminders once", f"some rang {often} times", address)
        missing = names - set(counts["rang"]) - left.get(address, set())
        if len(missing) > list(injured).count(address):
            yield Failure("reminders ring", f"{sorted(missing)} never rang", address)


def _is_take(letter: DeadLetter) -> bool:
    return letter.operation == "take"


def _counts(state: ActorState) -> dict[str, dict[str, int]]:
    """The counters of an actor, by what stands before their last slash."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for key, value in state.kv:
        before, _, name = key.decode().rpartition("/")
        if value.data.isdigit():
            place, of = (before, name) if before else (name, "")
            found[place][of] = int(value.data)
    return found


def _choice(
    name: str, weight: int, arguments: tuple[dict[str, object], ...], *, read_only: bool = False
) -> Choice:
    return Choice(name, read_only, weight, tuple(text(json.dumps(each)) for each in arguments))
