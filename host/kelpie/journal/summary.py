"""A whole bundle, run again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from kelpie.journal.birth import Flown
from kelpie.journal.bundles import Bundle
from kelpie.journal.entries import Altered, Entry, EntryInvalid, read_given
from kelpie.journal.expected import Divergence
from kelpie.journal.replay import Held, replay
from kelpie.limits import Limits
from kelpie.wasm.turn import Component, Engine

__all__ = ["Summary", "replay_all"]


@dataclass(slots=True)
class Summary:
    """What came of it."""

    turns: int = 0
    """Those that were run to where their journal ends."""
    host_calls: int = 0
    instances: int = 0
    divergence: Divergence | None = None
    """The first one: nothing behind it was run."""
    held: Held | None = None
    """What the actor held after the last of them, as far as it is known."""
    turn: int = 0
    """The number of the last of them."""
    stopped: list[dict[str, object]] = field(default_factory=list)
    """Turns that could not be run to their end: their number, and why."""


async def replay_all(
    bundle: Bundle, engine: Engine, limits: Limits, until: int | None = None
) -> Summary:
    """Runs every instance again, in the order of their births; of turns with numbers
    above `until` none.

    Raises:
        ComponentError: this host refuses a component of the bundle.
    """
    summary, components = Summary(), dict[str, Component]()
    for each in bundle.flown:
        flown = _up_to(each, until)
        if not flown.entries:
            continue
        digest = flown.birth.digest
        if digest not in components:
            components[digest] = await engine.load(bundle.components[digest])
        summary.instances += 1
        async for ran in replay(flown, components[digest], limits, summary.turns):
            summary.divergence = ran.divergence
            if ran.divergence is not None:
                return summary
            summary.turns += 1
            summary.held = ran.held
            if ran.given is not None:
                summary.turn = ran.given.number
            if ran.outcome is not None:
                summary.host_calls += len(ran.outcome.journal)
            if ran.stopped is not None and ran.given is not None:
                summary.stopped.append({"turn": ran.given.number, "why": ran.stopped})
    return summary


def _up_to(flown: Flown, until: int | None) -> Flown:
    """Its turns with numbers up to this one. What cannot be read is left to the replay."""
    if until is None:
        return flown
    entries: list[Entry] = []
    for entry in flown.entries:
        with suppress(Altered, EntryInvalid):
            if read_given(entry).number > until:
                break
        entries.append(entry)
    return Flown(flown.birth, entries)
