"""Bugs in what is journaled: none of them shows to a client."""

from __future__ import annotations

from itertools import count
from typing import Any

from kelpie.ids import Payload
from kelpie.journal.flights import Flight
from kelpie.wasm.collector import Collector
from kelpie.wasm.turn import LogLine, Outcome, Turn
from tests.sim.planting import Bug, patches

__all__ = ["JOURNAL_BUGS"]


def answer_left_out_of_the_journal() -> Any:
    """The guest gets what the store has, and the journal has nothing."""
    original = Collector.record

    def record(
        self: Collector, name: str, arguments: tuple[object, ...], result: object, size: int
    ) -> None:
        original(self, name, arguments, None if name == "kv.get" else result, size)

    return patches((Collector, "record", record))


def clock_read_live() -> Any:
    """What a turn logs has the time in it, and it is the host's own, not the turn's."""
    original, clock = Collector.write_state, count(1)

    def write_state(self: Collector, value: Payload | None) -> None:
        line = f"saved at {next(clock)}"
        self.log.append(LogLine("info", line))
        original(self, value)

    return patches((Collector, "write_state", write_state))


def first_turn_left_out() -> Any:
    """The journal of an instance begins with its second turn."""
    original, begun = Flight.add, set[Flight]()

    def add(self: Flight, turn: Turn, outcome: Outcome) -> None:
        if self in begun:
            original(self, turn, outcome)
        begun.add(self)

    return patches((Flight, "add", add))


JOURNAL_BUGS = (
    Bug("answer left out of the journal", "ledger", answer_left_out_of_the_journal),
    Bug("clock read live", "counter", clock_read_live),
    Bug("first turn left out of the journal", "counter", first_turn_left_out),
)
