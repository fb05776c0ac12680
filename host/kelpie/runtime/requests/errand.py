"""Turns to which the host adds something of its own, or that it runs without a guest."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from kelpie.ids import Address
from kelpie.limits import Limits
from kelpie.meters.letters import LetterMeter
from kelpie.runtime.messaging.letter import Letter, Number
from kelpie.store.message_keys import MessageKeys
from kelpie.wasm.turn import Failure, Outcome

__all__ = ["Concluded", "Desk", "Errand", "Writes"]

Writes = dict[bytes, bytes | None]
"""Rows that a turn's commit sets, or clears (None), besides what the guest wrote."""


class Concluded(NamedTuple):
    """What comes of a turn, what the host writes with it, and what it sends."""

    outcome: Outcome
    writes: Writes
    letters: tuple[Letter, ...] = ()
    """Behind those of the guest."""


class Desk(Protocol):
    """What an errand finds at its actor: the rows as the turns before this one
    left them, whether or not those are durable."""

    @property
    def address(self) -> Address: ...

    @property
    def keys(self) -> MessageKeys: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def turn_number(self) -> int:
        """That of the turn, if it commits something."""
        ...

    @property
    def letters(self) -> LetterMeter: ...

    def wall_ns(self) -> int: ...

    async def row(self, key: bytes) -> bytes | None:
        """One row of the actor's.

        Raises:
            StoreError
        """
        ...

    async def cancel(self, name: str) -> Writes:
        """What cancels a reminder; nothing if there is none of this name.

        Raises:
            StoreError
        """
        ...

    def set_for(self, row: bytes, value: bytes, due_ms: int) -> Writes:
        """What has a row come up when it is due."""
        ...

    async def cursor(self, sender: Address) -> Number | None:
        """The last letter of the sender that the actor has had.

        Raises:
            StoreError
        """
        ...

    async def check_room_for_dead(self, size: int) -> None:
        """
        Raises:
            DeadLettersFull: the actor keeps as many dead letters as it may.
            StoreError
        """
        ...

    async def without_dead(self, number: int) -> Writes:
        """What takes a dead letter away.

        Raises:
            StoreError
        """
        ...

    async def refuses_send(self, letters: int, size: int) -> Failure | None:
        """Why so many letters of so many bytes may not be added to the outbox.

        Raises:
            StoreError
        """
        ...


class Errand(Protocol):
    """What an envelope is for, beyond having a guest run its operation."""

    async def prepare(self, desk: Desk) -> Concluded | None:
        """Before the guest runs: all there is to do, if it needs no guest.

        Raises:
            KelpieError: the turn is not run.
        """
        ...

    async def conclude(self, desk: Desk, outcome: Outcome) -> Concluded:
        """After the guest has run.

        Raises:
            KelpieError: the turn counts for nothing.
        """
        ...
