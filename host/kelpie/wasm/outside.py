"""What a guest is told outside of a turn: when it is looked at, at deploy.

An instance may want the time, randomness and a log as it begins. In a turn it
gets the turn's: an instance of such a component is made within its first turn.
At deploy there is no turn, and it gets what says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from kelpie.ids import Address, text
from kelpie.limits import Limits
from kelpie.wasm.collector import Collector
from kelpie.wasm.turn import Answers, Caller, Turn

__all__ = ["Outside"]

# A second behind the epoch: runtimes take a clock that says 0 for a broken one.
_TIME_NS = 1_000_000_000
_LAST_LINES_MAX = 20


@dataclass(slots=True)
class Outside:
    """Collects what a guest does outside of a turn."""

    collector: Collector
    begins: bool = True
    """Whether it is being made, and does not describe itself yet."""

    @classmethod
    def of(cls, limits: Limits) -> Outside:
        turn = Turn(
            address=Address("none", "none", "none"),
            operation="",
            argument=text(""),
            request_id="",
            caller=Caller("client", ""),
            number=0,
            time_ns=_TIME_NS,
            entropy_seed=b"",
            read_only=True,
            state=None,
            # There is no store, and the linker lets nobody ask.
            answers=cast("Answers", None),
        )
        return cls(Collector(turn, limits))

    @property
    def asked(self) -> bool:
        """Whether the guest made any host call."""
        return bool(self.collector.journal)

    def last_words(self) -> str:
        """What it logged, to stand behind the error that ended it; empty if nothing."""
        lines = [line.message for line in self.collector.log[-_LAST_LINES_MAX:] if line.message]
        return "".join(["; it said: ", " | ".join(lines)]) if lines else ""
