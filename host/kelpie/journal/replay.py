"""Runs the turns of an instance again, from its birth, and compares everything.

The component gets what its turns were given then, and each host call the answer
that it had. Nothing else is asked: no store, no clock, no network.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from kelpie.errors import ActorError, every_error
from kelpie.ids import Payload
from kelpie.journal.birth import Birth, Flown
from kelpie.journal.entries import (
    Altered,
    End,
    Entry,
    EntryInvalid,
    Given,
    Seals,
    packed_end,
    read_end,
    read_end_of,
    read_given,
)
from kelpie.journal.expected import Divergence, Expected, RecordedAnswers, shown
from kelpie.journal.values import Packer
from kelpie.limits import Limits
from kelpie.wasm.turn import Answers, Component, Guest, HostCall, LogLine, Outcome, Page, Turn

__all__ = ["Held", "Ran", "keep", "replay", "turn_of"]

# What ends a turn from outside: the same need not happen at the same place again.
_KILLED = {"guest-timed-out", "guest-stack-exhausted"}
_IN_A_CALL = {"call-diverged", "rejected/turn-expired"}
_OF_THE_HOST = {error.code for error in every_error() if error.source == "platform"}

# What an end is compared by, in this order.
_ENDS = (
    ("error", "it ended with something else"),
    ("reply", "it replied something else"),
    ("log", "it logged something else"),
    ("effects", "it changed something else"),
    ("fuel", "it took another amount of fuel"),
    ("seals", "it has sealed other host calls"),
)

_Difference = tuple[int | None, str, str, str]
"""Which host call, in what, expected, and got."""


@dataclass(slots=True)
class Held:
    """What the actor holds, as far as its turns have shown it."""

    state: Payload | None
    kv: dict[bytes, Payload | None] = field(default_factory=dict)
    """None: the key is known to be free."""
    log: list[LogLine] = field(default_factory=list)


class Ran(NamedTuple):
    """A turn that was run again, or could not be."""

    given: Given | None
    outcome: Outcome | None
    held: Held
    divergence: Divergence | None = None
    stopped: str | None = None
    """Why the replay ends here, although nothing was different."""


async def replay(
    flown: Flown, component: Component, limits: Limits, before: int = 0, *, committed: bool = True
) -> AsyncIterator[Ran]:
    """Each turn, in order, until one differs or stops the replay. `before`: how
    many turns were run again before this instance. Of turns that were all
    `committed`, or changed nothing, each must have seen what those before have left."""
    held = Held(flown.birth.state)
    try:
        guest = await component.instantiate()
    except ActorError as error:
        got = f"{error.code}: {error.message}"
        yield _differs(None, before + 1, held, "its instance cannot be made", "an instance", got)
        return
    try:
        async for ran in _run_all(flown, guest, limits, held, before, committed=committed):
            yield ran
            if ran.divergence is not None or ran.stopped is not None:
                return
    finally:
        guest.close()


async def _run_all(
    flown: Flown, guest: Guest, limits: Limits, held: Held, before: int, *, committed: bool
) -> AsyncIterator[Ran]:
    packer, is_lost = flown.birth.packer(limits), False
    before_it: Given | None = None
    for position, entry in enumerate(flown.entries, before + 1):
        try:
            given, end = _read(entry, flown.birth)
            _check_order(given, before_it, flown.birth)
            before_it = given
        except (Altered, EntryInvalid) as error:
            yield _differs(
                None, position, held, "its record was altered", "a whole record", str(error)
            )
            return
        if is_lost:
            end_of_it = "the end of its instance, which the turn before has ended"
            yield _differs(given, position, held, "it was run", end_of_it, "a further turn")
            return
        if given.omitted_bytes:
            why = f"its host calls took {given.omitted_bytes} bytes, and were not kept"
            yield Ran(given, None, held, stopped=why)
            return
        expected = Expected(entry.calls, end.seals, packer)
        answers = RecordedAnswers(expected, held.kv if committed else {})
        killed = end.error is not None and end.error[0] in _KILLED
        fuel_max = max(1, end.fuel) if killed else None
        outcome = await guest.run(turn_of(flown, given, held, answers, expected, fuel_max))
        is_lost = outcome.error is not None
        difference, stopped = _judged(entry, end, outcome, expected, packer)
        keep(outcome, held)
        if difference is not None:
            call, what, wanted, got = difference
            divergence = Divergence(given.number, position, call, what, wanted, got)
            yield Ran(given, outcome, held, divergence)
        else:
            yield Ran(given, outcome, held, stopped=stopped)


def _read(entry: Entry, birth: Birth) -> tuple[Given, End]:
    """
    Raises:
        Altered, EntryInvalid
    """
    given, end = read_given(entry), read_end(entry)
    if birth.ends_are_sealed and end.seals.packed is None:
        raise Altered("the checksums of its other parts are gone from its end")
    if not end.seals.is_of_given(entry.given):
        raise Altered("what it was given is not what the turn has sealed")
    return given, end


def _check_order(given: Given, before: Given | None, birth: Birth) -> None:
    """
    Raises:
        Altered: it is no turn that could follow in this instance.
    """
    if before is None and given.time_ns != birth.time_ns:
        raise Altered(f"its time is {given.time_ns}, and its instance is of {birth.time_ns}")
    if before is not None and given.number < before.number:
        raise Altered(f"its number is {given.number}, and it came behind {before.number}")


def turn_of(
    flown: Flown,
    given: Given,
    held: Held,
    answers: Answers,
    journal: list[HostCall] | None = None,
    fuel_max: int | None = None,
) -> Turn:
    """The turn as it was given, with `answers` for whatever is outside of it."""
    return Turn(
        flown.birth.address,
        given.operation,
        given.argument,
        given.request_id,
        given.caller,
        given.number,
        given.time_ns,
        b"",
        given.read_only,
        held.state,
        answers,
        flown.birth.configuration(),
        given.is_batch,
        [] if journal is None else journal,
        given.entropy_keys,
        fuel_max,
    )


def _judged(
    entry: Entry, end: End, outcome: Outcome, expected: Expected, packer: Packer
) -> tuple[_Difference | None, str | None]:
    """The first thing that was not as recorded; and why the replay cannot go on."""
    code = None if end.error is None else end.error[0]
    if code in _KILLED:
        if expected.difference is None or expected.ran_out:
            return None, f"it was ended from outside ({code}), at {end.fuel} units of fuel"
        return expected.difference, None
    if expected.ran_out and end.error is not None and _ends_in_a_call(*end.error):
        return None, f"the host ended it in a call ({code}), and has not answered"
    expected.finish()
    if expected.difference is not None:
        return expected.difference, None
    has_seals = end.seals.packed is not None
    seals = Seals.of(entry.given, entry.calls) if has_seals else end.seals
    packed = packed_end(outcome, packer, seals)
    return (None if packed == entry.end else _different_end(end, packed)), None


def _ends_in_a_call(code: str, message: str) -> bool:
    """Whether a turn that ended so did so where another host call would be."""
    return code in _OF_THE_HOST or code in _IN_A_CALL or "(durable_turn_" in message


def _different_end(end: End, packed: bytes) -> _Difference:
    got = read_end_of(packed)
    for name, what in _ENDS:
        wanted, found = getattr(end, name), getattr(got, name)
        if wanted != found:
            return None, what, _told(wanted), _told(found)
    raise AssertionError("two ends that are packed alike but for their bytes")


def _told(part: object) -> str:
    return part.hex() or "nothing" if isinstance(part, bytes) else shown(part)


def _differs(
    given: Given | None, position: int, held: Held, what: str, expected: str, got: str
) -> Ran:
    number = 0 if given is None else given.number
    return Ran(given, None, held, Divergence(number, position, None, what, expected, got))


def keep(outcome: Outcome, held: Held) -> None:
    """What the turn has shown of its actor, and what it has changed."""
    for name, arguments, result in outcome.journal:
        if name == "kv.get":
            (key,) = cast("tuple[bytes]", arguments)
            held.kv.setdefault(key, cast("Payload | None", result))
        elif name == "kv.list":
            for key, value in cast("Page", result).entries:
                held.kv.setdefault(key, value)
    effects = outcome.effects
    if effects.state_written:
        held.state = effects.state
    held.kv.update(effects.kv)
    held.log += outcome.log
