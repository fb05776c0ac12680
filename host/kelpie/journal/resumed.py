"""The host calls of a turn that is run again and then goes on where its journal ends."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from kelpie.ids import Address, Payload
from kelpie.journal.entries import Seals
from kelpie.journal.expected import Expected, RecordedAnswers
from kelpie.journal.values import Packer
from kelpie.wasm.schedule import Schedule
from kelpie.wasm.turn import Answers, Failure, HostCall, Page

__all__ = ["LiveAnswers", "ResumedAnswers", "ResumedCalls"]


class ResumedCalls(Expected):
    """As `Expected`; behind what was recorded any call may follow."""

    def __init__(self, calls: tuple[bytes, ...], packer: Packer) -> None:
        # The turn has no end yet that could seal them; the store vouches for each.
        super().__init__(calls, Seals(b""), packer)

    @property
    def recorded(self) -> int:
        """How many calls were recorded."""
        return len(self._calls)

    @property
    def recalls(self) -> bool:
        """Whether the next host call is one that was recorded."""
        return len(self) < len(self._calls)

    def append(self, call: HostCall) -> None:
        if self.recalls:
            super().append(call)
        else:
            list.append(self, call)


class LiveAnswers(Answers, Protocol):
    """Who answers where the journal ends."""

    def recalled_call(self, key: str | None) -> None:
        """A call with this key was answered from the journal: it counts all the same."""
        ...


class ResumedAnswers:
    """Answers as it was answered then, and behind that from `live`. See
    `kelpie.wasm.turn.Answers`."""

    def __init__(self, calls: ResumedCalls, live: LiveAnswers) -> None:
        self._calls = calls
        self._live = live
        # Nobody else has changed what the actor holds: what was read of it may be asked anew.
        self._recorded = RecordedAnswers(calls, {})

    @property
    def _now(self) -> Answers:
        return self._recorded if self._calls.recalls else self._live

    def kv_get(self, key: bytes) -> Payload | Awaitable[Payload | None] | None:
        return self._now.kv_get(key)

    def kv_list(
        self,
        prefix: bytes,
        after: bytes | None,
        limit: int,
        reverse: bool,
        writes: dict[bytes, Payload | None],
    ) -> Page | Awaitable[Page]:
        return self._now.kv_list(prefix, after, limit, reverse, writes)

    def call(
        self, target: Address, operation: str, argument: Payload, key: str | None
    ) -> Payload | Failure | Awaitable[Payload | Failure]:
        if self._calls.recalls:
            self._live.recalled_call(key)
        return self._now.call(target, operation, argument, key)

    def refuses_send(
        self, target: Address, letters: int, size: int
    ) -> Failure | Awaitable[Failure | None] | None:
        return self._now.refuses_send(target, letters, size)

    def why_never_due(self, schedule: Schedule) -> str | None:
        return self._now.why_never_due(schedule)

    def reminder_names(self) -> frozenset[str] | Awaitable[frozenset[str]]:
        return self._now.reminder_names()
