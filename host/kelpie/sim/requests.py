"""What clients asked, how often, and every answer that left a node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from kelpie.errors import (
    ActorError,
    ActorOutcomeUnknown,
    ActorRejected,
    HostFault,
    KelpieError,
    OutcomeUnknown,
    StoreCommitUnknown,
    StoreStopped,
)
from kelpie.ids import Address, Payload
from kelpie.sim.history import BATCH, NEVER, Operation
from kelpie.sim.model import answer_of

__all__ = ["Answer", "Attempt", "Request"]

# Every other error promises that nothing was done.
_UNKNOWN: Final = (ActorOutcomeUnknown, HostFault, OutcomeUnknown, StoreCommitUnknown, StoreStopped)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node answered: a reply, or an error."""

    reply: Payload | None
    error: KelpieError | None

    @property
    def definite(self) -> bool:
        """The actor has spoken: it did the work, or refused."""
        return self.error is None or isinstance(self.error, ActorRejected)

    @property
    def final(self) -> bool:
        """Asking again is pointless."""
        return self.error is None or not self.error.retryable

    @property
    def of_the_actor(self) -> bool:
        """The actor itself says so, of its own accord: no fault keeps it from an answer."""
        return self.error is None or isinstance(self.error, ActorError)

    @property
    def unknown(self) -> bool:
        return isinstance(self.error, _UNKNOWN)

    @property
    def value(self) -> object:
        return answer_of(self.reply, self.error)

    def __str__(self) -> str:
        if self.error is None:
            assert self.reply is not None
            return self.reply.data.decode(errors="replace") or "(nothing)"
        if isinstance(self.error, ActorRejected):
            return f"rejected {self.error.rejection_code}: {self.error.message}"
        return f"{self.error.code}: {self.error.message}"


@dataclass(slots=True)
class Attempt:
    """One way of a request to a node and back. `answered` is the moment when
    the answer left the node, whether anyone heard it or not."""

    node: str
    delivered: int | None = None
    answered: int | None = None
    answer: Answer | None = None

    @property
    def open(self) -> bool:
        """It reached a node, and it is not known what it did there."""
        return self.delivered is not None and (self.answer is None or self.answer.unknown)


@dataclass(slots=True)
class Request:
    """One request, under one id, asked once or many times."""

    id: str
    address: Address
    operation: str
    argument: Payload
    read_only: bool
    recorded: bool
    attempts: list[Attempt] = field(default_factory=list)
    deletes: bool = False

    @property
    def is_batch(self) -> bool:
        return self.operation == BATCH

    @property
    def settled(self) -> bool:
        return any(each.answer is not None and each.answer.final for each in self.attempts)

    @property
    def doubtful(self) -> bool:
        """Asking again under the same id would tell whether it was done."""
        unsettled = self.recorded and not self.read_only and not self.settled
        return unsettled and any(each.open for each in self.attempts)

    def definite(self) -> list[Attempt]:
        """The attempts that the actor answered, in the order of their answers."""
        found = [each for each in self.attempts if each.answer is not None and each.answer.definite]
        return sorted(found, key=lambda each: each.answered or 0)

    def operations(self, inputs: tuple[object, ...], hint: int | None = None) -> list[Operation]:
        """The request as it stands in its actor's history.

        One that changes things is one operation, from its first delivery to the
        first answer that left. A read leaves no record: each answered attempt
        is an operation of its own, which may have joined an earlier one.
        """
        if self.read_only:
            return [self._operation(self.joined(each), each, inputs) for each in self.definite()]
        definite = self.definite()
        delivered = [each for each in self.attempts if each.delivered is not None]
        if not delivered:
            return []
        first = min(delivered, key=lambda each: each.delivered or 0)
        if definite:
            return [self._operation(first, definite[0], inputs, hint)]
        if any(each.open for each in delivered):
            return [self._operation(first, None, inputs, hint)]
        # Every answer promised that nothing was done.
        return []

    def joined(self, attempt: Attempt) -> Attempt:
        """The first attempt whose turn can have answered this one: at the same
        node, and with no answer from the actor before this one arrived."""
        assert attempt.delivered is not None
        same = [
            each
            for each in self.attempts
            if each.node == attempt.node
            and each.delivered is not None
            and each.delivered <= attempt.delivered
            and (
                each.answer is None
                or not each.answer.definite
                or (each.answered or 0) > attempt.delivered
            )
        ]
        return min(same, key=lambda each: each.delivered or 0)

    def failures(self, inputs: tuple[object, ...]) -> list[tuple[Attempt, Operation]]:
        """The attempts in which the actor failed, as operations that it must
        have had cause to fail in, and that change nothing."""
        return [
            (each, self._operation(each, each, inputs))
            for each in self.attempts
            if each.answer is not None
            and not each.answer.definite
            and each.answer.error is not None
            and each.answer.error.source == "actor"
        ]

    def _operation(
        self,
        first: Attempt,
        answered: Attempt | None,
        inputs: tuple[object, ...],
        hint: int | None = None,
    ) -> Operation:
        assert first.delivered is not None
        responded, reply = NEVER, None
        if answered is not None:
            assert answered.answered is not None
            assert answered.answer is not None
            responded, reply = answered.answered, answered.answer.value
        return Operation(
            self.operation,
            self.argument,
            first.delivered,
            responded,
            reply,
            self.id,
            self.read_only,
            inputs,
            hint,
        )
