"""The seam between an actor's semantics and the engine that runs guests.

`Guest.run` takes a `Turn` (its input, and who answers the host calls that need
more), and gives an `Outcome` (reply or error, effects, journal, fuel). Nothing else
crosses.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from kelpie.errors import KelpieError
from kelpie.ids import Address, Payload
from kelpie.wasm.description import Description, Manifest, Operation
from kelpie.wasm.entropy import EntropyKeys
from kelpie.wasm.kind_configuration import NO_CONFIGURATION, Configuration
from kelpie.wasm.outgoing import Outgoing
from kelpie.wasm.schedule import Schedule

__all__ = [
    "Answers",
    "Caller",
    "Component",
    "Description",
    "Effects",
    "Engine",
    "Failure",
    "Guest",
    "HostCall",
    "Level",
    "LogLine",
    "Manifest",
    "Operation",
    "Outcome",
    "Page",
    "Turn",
]

Level = Literal["debug", "info", "warn", "error"]


class Caller(NamedTuple):
    """Who caused a turn: `client` (name), `actor` (its address) or `reminder` (name)."""

    sort: Literal["client", "actor", "reminder"]
    name: str
    address: Address | None = None


class LogLine(NamedTuple):
    level: Level
    message: str


class HostCall(NamedTuple):
    """One host call, as the journal keeps it: enough to answer it again."""

    name: str
    arguments: tuple[object, ...]
    result: object


class Page(NamedTuple):
    """One page of a kv listing."""

    entries: list[tuple[bytes, Payload]]
    more: bool


class Failure(NamedTuple):
    """Why a message to another actor came to nothing: `failure` of the contract.
    Of a rejection there is the `code` as well."""

    case: Literal["rejected", "failed", "unavailable", "unknown"]
    message: str
    code: str = ""


class Answers(Protocol):
    """Who answers the host calls that need more than the turn carries.

    Every method answers at once or returns an awaitable: then the guest waits
    on its fiber. A KelpieError raised here ends the turn with that error.
    """

    def kv_get(self, key: bytes) -> Payload | Awaitable[Payload | None] | None:
        """The value as the turns before this one left it."""
        ...

    def kv_list(
        self,
        prefix: bytes,
        after: bytes | None,
        limit: int,
        reverse: bool,
        writes: dict[bytes, Payload | None],
    ) -> Page | Awaitable[Page]:
        """A page of what the turns before this one left, with `writes`, this
        turn's own (None: deleted), on top."""
        ...

    def call(
        self, target: Address, operation: str, argument: Payload, key: str | None
    ) -> Payload | Failure | Awaitable[Payload | Failure]:
        """What another actor replies, or why it does not. The parts of `target`
        are as the guest gave them. The turn's time stands still meanwhile."""
        ...

    def refuses_send(
        self, target: Address, letters: int, size: int
    ) -> Failure | Awaitable[Failure | None] | None:
        """Why the turn may not send one more message, to this target, so that they
        are so many of so many bytes in all; None if it may."""
        ...

    def why_never_due(self, schedule: Schedule) -> str | None:
        """What is wrong with a schedule; None if nothing is."""
        ...

    def reminder_names(self) -> frozenset[str] | Awaitable[frozenset[str]]:
        """The names of the reminders that the turns before this one left."""
        ...


@dataclass(slots=True)
class Turn:
    """The input of one turn. With the answers to its host calls it decides everything
    that the guest does. Of a batch `argument` has the operations; `operation` is empty."""

    address: Address
    operation: str
    argument: Payload
    request_id: str
    caller: Caller
    number: int
    time_ns: int
    entropy_seed: bytes
    read_only: bool
    state: Payload | None
    answers: Answers
    configuration: Configuration = NO_CONFIGURATION
    is_batch: bool = False
    journal: list[HostCall] = field(default_factory=list)
    """Where its host calls are put down. That of a turn that is run again may raise."""
    entropy_keys: EntropyKeys | None = None
    fuel_max: int | None = None
    """Of a turn that is run again: what its seed made, and what it may use."""


@dataclass(slots=True)
class Effects:
    """What a turn changes. None in `kv` deletes the key."""

    state_written: bool = False
    state: Payload | None = None
    kv: dict[bytes, Payload | None] = field(default_factory=dict)
    kv_cleared: bool = False
    """Whether all of kv goes before `kv` is written."""
    outgoing: Outgoing | None = None

    def __bool__(self) -> bool:
        return self.state_written or self.kv_cleared or bool(self.kv) or self.outgoing is not None


@dataclass(slots=True)
class Outcome:
    """What came of a turn: exactly one of `reply` and `error` is set.

    With an error the effects are void. `instance_lost` says that the guest shall
    run no further turn; it is true for every error, and when the guest's memory has
    grown too far (`instance_growth_percent_max`). `moved_bytes`: what its host calls
    took and gave.
    """

    reply: Payload | None
    error: KelpieError | None
    effects: Effects
    journal: list[HostCall]
    log: list[LogLine]
    fuel: int
    instance_lost: bool = False
    moved_bytes: int = 0


class Guest(Protocol):
    """One instance. One turn at a time; a cache that may be dropped in between."""

    @property
    def memory_bytes(self) -> int:
        """What its linear memory takes of the machine's, measured now and then
        at the end of a turn; untouched memory takes none."""
        ...

    async def run(self, turn: Turn) -> Outcome:
        """Runs one turn. Never raises for what the guest does.

        Cancelling the task kills the guest: nothing of the turn is kept, and
        the instance is lost.
        """
        ...

    def close(self) -> None:
        """Lets go of everything native. Idempotent."""
        ...


class Component(Protocol):
    """A component that was inspected and compiled, ready to make instances of."""

    @property
    def digest(self) -> str:
        """SHA-256 of the component's bytes, in hex."""
        ...

    @property
    def manifest(self) -> Manifest: ...

    @property
    def imports(self) -> tuple[str, ...]: ...

    @property
    def report(self) -> bytes:
        """What its inspection found, for `Engine.load`; empty if it is large."""
        ...

    @property
    def batches(self) -> bool:
        """Whether its guests run turns that are batches."""
        ...

    async def describe(self) -> Description:
        """What it says of itself, asked anew in an instance of its own.

        Raises:
            ActorError: it failed, at the start or then.
        """
        ...

    async def instantiate(self) -> Guest:
        """A fresh instance.

        Raises:
            ActorError: its start function failed, or it went over a limit.
        """
        ...


class Engine(Protocol):
    """Compiles components and makes their guests."""

    async def componentize(self, upload: bytes) -> bytes:
        """The component that an upload is: a component as it is, a core module
        made into one. The same bytes always give the same component.

        Raises:
            ComponentError: it is neither, or cannot be made into one.
        """
        ...

    async def load(self, wasm: bytes, report: bytes = b"") -> Component:
        """Inspects a component, compiles it (or takes the compiled form from
        the cache), and asks it to describe itself. Where an earlier load of the
        same bytes has left its `report`, the inspection is spared if it would find
        the same.

        Raises:
            ComponentError: with every reason.
        """
        ...

    def close(self) -> None: ...
