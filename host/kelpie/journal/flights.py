"""The turns of instances, in memory, from the birth of each on.

Of each instance the latest turn is held as it is, and those before it as bytes (see
`compact`). How much is held is bounded for each instance, and for all together.
"""

from __future__ import annotations

from typing import NamedTuple

from kelpie.journal.birth import Birth
from kelpie.journal.compact import compact, expanded
from kelpie.journal.entries import Entry, Given, entry_of
from kelpie.journal.masks import Mask
from kelpie.journal.policy import Policy
from kelpie.journal.values import Packer
from kelpie.limits import Limits
from kelpie.wasm.kind_configuration import Configuration
from kelpie.wasm.turn import Outcome, Turn

__all__ = ["Flight", "FlightId", "Flights", "MadeOf", "Whose"]

# What the latest turn takes beside its payloads, about.
_TURN_BYTES = 1_200
_CALL_BYTES = 200
# What one that is held as bytes takes beside them.
_HELD_BYTES = 60


class FlightId(NamedTuple):
    """Names an instance in the journal of its actor: the order of ids is that of births."""

    turn: int
    """The number of its first turn."""
    node: str
    incarnation: int
    activation: int
    ordinal: int


class Whose(NamedTuple):
    """Whose instance it is: no two have the same."""

    node: str
    incarnation: int
    activation: int
    ordinal: int
    """Of the activation's instances."""


class MadeOf(NamedTuple):
    """What an instance was made of."""

    deploy_number: int
    digest: str
    """Of its component."""
    configuration: Configuration


class Flight:
    """What one instance has done."""

    __slots__ = (
        "_flights",
        "_held",
        "_latest",
        "_latest_bytes",
        "_made_of",
        "_packer",
        "_whose",
        "birth",
        "bytes",
        "bytes_written",
        "count",
        "forgotten",
        "held_bytes",
        "id",
        "is_over",
        "limits",
        "mask",
        "policy",
        "turns_written",
    )

    def __init__(self, flights: Flights, whose: Whose, policy: Policy, made_of: MadeOf) -> None:
        self._flights = flights
        self._held: list[bytes] = []
        """The turns that wait to be taken, but for the latest."""
        self._latest: tuple[Turn, Outcome] | None = None
        self._latest_bytes = 0
        self._packer: Packer | None = None
        self.limits = flights.limits
        self.mask = Mask(made_of.configuration)
        self._made_of = made_of
        self._whose = whose
        self.id: FlightId | None = None
        """Known from its first turn on, as is what it was made of."""
        self.policy = policy
        self.birth: Birth | None = None
        self.count = 0
        self.bytes = 0
        """What its turns took in memory, about."""
        self.held_bytes = 0
        """What those take that are held; `Flights` counts them too."""
        self.is_over = False
        """Whether its instance is to be made anew before the next turn."""
        self.forgotten = False
        """Whether its turns had to make room: it is no use any more."""
        self.turns_written = 0
        self.bytes_written = 0

    def add(self, turn: Turn, outcome: Outcome) -> None:
        """A turn has run in it."""
        size = (
            _TURN_BYTES
            + _CALL_BYTES * len(outcome.journal)
            + len(turn.argument.data)
            + outcome.moved_bytes
        )
        if self.birth is None:
            self.id = FlightId(turn.number, *self._whose)
            self.birth = self._born(turn)
        grown = size
        if self._latest is not None:
            held = compact(*self._latest)
            self._held.append(held)
            grown += len(held) + _HELD_BYTES - self._latest_bytes
        self._latest, self._latest_bytes = (turn, outcome), size
        self.count += 1
        self.bytes += grown
        flights, limits = self._flights, self.limits
        if (
            self.count >= limits.journal_instance_turns_max
            or self.bytes >= limits.journal_instance_bytes_max
        ):
            self.is_over = True
        if not self.held_bytes:
            flights.holds(self)
        self.held_bytes += grown
        flights.bytes += grown
        if flights.bytes > limits.journal_memory_bytes_max:
            flights.make_room()

    def take(self) -> list[Entry]:
        """The turns that were not taken yet, packed."""
        if self._packer is None:
            self._packer = Packer(self.mask, self.limits.journal_argument_bytes_max)
        packer, limits = self._packer, self.limits
        entries = [entry_of(*expanded(held), packer, limits) for held in self._held]
        if self._latest is not None:
            turn, outcome = self._latest
            entries.append(entry_of(Given.of(turn), outcome, packer, limits))
        self.let_go()
        return entries

    def forget(self) -> None:
        """Lets go of its turns, to make room."""
        self.forgotten = self.is_over = True
        self.let_go()

    def let_go(self) -> None:
        """Nobody wants what is held of its turns any more."""
        self._held = []
        self._latest = None
        self._flights.gone(self)

    def _born(self, turn: Turn) -> Birth:
        made_of = self._made_of
        return Birth(
            turn.address,
            made_of.deploy_number,
            made_of.digest,
            turn.time_ns,
            turn.state,
            made_of.configuration.config,
            self.mask.stand_ins,
        )


class Flights:
    """All of a node, and how much they hold."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        # A dictionary for its order: the first has held something for the longest.
        self._holding: dict[Flight, None] = {}
        self.bytes = 0
        """What is held, about."""
        self.forgotten = 0
        """How many had to make room."""

    def holds(self, flight: Flight) -> None:
        """It begins to hold something."""
        self._holding[flight] = None

    def make_room(self) -> None:
        """Those that have held something for the longest go, until the rest is not too much."""
        while self.bytes > self.limits.journal_memory_bytes_max:
            self.forgotten += 1
            next(iter(self._holding)).forget()

    def gone(self, flight: Flight) -> None:
        """It lets go of all that it holds."""
        self._holding.pop(flight, None)
        self.bytes -= flight.held_bytes
        flight.held_bytes = 0
