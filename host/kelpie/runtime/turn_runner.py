"""The turns of one loaded actor: input in, guest run, outcome on its way to commit."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

from kelpie.errors import (
    ActorRejected,
    DeadlineExceeded,
    GuestLimitExceeded,
    KelpieError,
)
from kelpie.ids import Address
from kelpie.journal.flights import Flight
from kelpie.journal.policy import Policy
from kelpie.limits import Limits
from kelpie.runtime.actor_answers import ActorAnswers
from kelpie.runtime.batch import Finished
from kelpie.runtime.calls import Calls
from kelpie.runtime.envelope import Envelope, batch_unsupported, deleted_reply
from kelpie.runtime.guest_log import About
from kelpie.runtime.instance_slot import InstanceSlot
from kelpie.runtime.message import Message
from kelpie.runtime.messaging.desk import ActorDesk
from kelpie.runtime.messaging.errand import Concluded, Writes
from kelpie.runtime.node import Node
from kelpie.runtime.pipeline import Pipeline
from kelpie.runtime.recorded import Recorded, is_failure, take
from kelpie.runtime.repeated import answered_from_record
from kelpie.runtime.stored_state import StoredState, read_state
from kelpie.runtime.turn_inputs import TurnInputs
from kelpie.store.reading import reading
from kelpie.wasm.turn import Effects, Outcome, Turn

__all__ = ["TurnRunner"]

Result = TypeVar("Result")


class TurnRunner:
    """An actor in memory: its state, its instance, its pipeline. It ends with the
    claim under which it was loaded."""

    __slots__ = (
        "_answers",
        "_damage",
        "_desk",
        "_inputs",
        "_node",
        "_recorded",
        "_state",
        "address",
        "last_error",
        "pipeline",
        "slot",
    )

    def __init__(
        self,
        node: Node,
        address: Address,
        state: StoredState,
        pipeline: Pipeline,
        slot: InstanceSlot,
        calls: Calls,
    ) -> None:
        self._node = node
        self._state, self._damage = state
        self._desk = ActorDesk(node, pipeline)
        self._answers = ActorAnswers(node, pipeline, slot, calls, self._desk)
        self._inputs = TurnInputs(node, address)
        self.address = address
        self.pipeline = pipeline
        self.slot = slot
        self.last_error: KelpieError | None = None
        self._recorded: Recorded | None = None
        """What is to be journaled of the turn that runs."""

    @property
    def state_bytes(self) -> int:
        return 0 if self._state is None else len(self._state.data)

    async def run(self, message: Message) -> None:
        """Runs one turn and hands its outcome to the pipeline.

        Cancelled, it rolls the turn back and drops the instance.

        Raises:
            KelpieError: the turn was not run; the message is not yet answered.
        """
        self._recorded = None
        envelope = message.envelope
        begun_ns = self._node.env.monotonic_ns()
        message.begun_ns, message.turn = begun_ns, self.pipeline.next_turn_number
        if message.deadline_ns <= begun_ns:
            raise DeadlineExceeded(
                "the deadline of the request passed before its turn came: nothing was done"
            )
        if envelope.recorded and await answered_from_record(
            self._node, self.pipeline, self.slot, message
        ):
            return
        concluded, read_only = await self._conclude(message, begun_ns)
        outcome, writes, letters = concluded
        if outcome.error is None and (letters or outcome.effects.outgoing is not None):
            leaving = self._desk.leave(envelope, outcome, letters, self._inputs.time_ns)
            writes |= await self._behind_guest(leaving)
        if self.pipeline.broken is not None:
            # It has seen what is void.
            raise self.pipeline.broken
        self._finish(message, outcome, writes, recorded=envelope.recorded and not read_only)

    async def _conclude(self, message: Message, begun_ns: int) -> tuple[Concluded, bool]:
        """What comes of the turn, and whether the operation is read-only."""
        envelope = message.envelope
        errand = envelope.errand
        if errand is not None:
            prepared = await errand.prepare(self._desk)
            if prepared is not None:
                return prepared, False
        if envelope.deletes:
            concluded = await self._delete()
            message.ended_ns = self._node.env.monotonic_ns()
            return concluded, False
        if self._damage is not None:
            await self._look_again(message)
        outcome, read_only = await self._run_guest(message, begun_ns)
        if errand is None:
            return Concluded(outcome, {}), read_only
        concluded = await self._behind_guest(errand.conclude(self._desk, outcome))
        if concluded.outcome.instance_lost:
            self.slot.drop()
        return concluded, read_only

    async def _behind_guest(self, work: Awaitable[Result]) -> Result:
        """What is still to be done when the guest has run. If it fails, the turn is void,
        and the instance must not remember it."""
        try:
            return await work
        except BaseException:
            self.slot.drop()
            raise

    async def _look_again(self, message: Message) -> None:
        """Of damaged state one cannot know that it stays so.

        Raises:
            StoredValueCorrupt, StoreError
        """
        with reading(self._node.store) as transaction:
            self._state, self._damage = await read_state(transaction, self.pipeline.claim.keys)
        if self._damage is not None:
            self._note(self._damage, self._about(message))
            raise self._damage

    async def _run_guest(self, message: Message, begun_ns: int) -> tuple[Outcome, bool]:
        """The outcome, and whether the operation is read-only."""
        meter = self.pipeline.meter
        slot, operation = self.slot, message.envelope.operation
        guest = slot.take()
        if guest is None:
            try:
                guest = await slot.make()
                meter.instances_made += 1
            except KelpieError as error:
                self._count(error)
                self._note(error, self._about(message))
                raise
        # The version that runs the turn decides.
        message.version = slot.deploy.number
        read_only = slot.deploy.manifest.is_read_only(operation)
        if message.envelope.is_batch and not slot.deploy.batches:
            slot.give_back()
            raise batch_unsupported(self.address)
        turn = self._turn(message.envelope, read_only)
        self._answers.turn_begins(message)
        try:
            outcome = await guest.run(turn)
        except BaseException:
            slot.drop()
            raise
        finally:
            self._answers.turn_ends()
            message.ended_ns = self._node.env.monotonic_ns()
            meter.durations_ns.add(message.ended_ns - begun_ns)
        if slot.flight is not None:
            self._recorded = self._journaled(slot.flight, turn, outcome)
        if outcome.instance_lost:
            slot.drop()
        else:
            slot.give_back()
        meter.fuel += outcome.fuel
        if outcome.error is None:
            meter.replied += 1
        else:
            self._count(outcome.error)
        if outcome.log or outcome.error is not None:
            about = self._about(message)
            if outcome.log:
                self._node.guest_log.said(outcome.log, about)
            if outcome.error is not None:
                self._note(outcome.error, about)
        return outcome, read_only

    def _journaled(self, flight: Flight, turn: Turn, outcome: Outcome) -> Recorded | None:
        """Keeps what a turn did, and says what is to be written of it."""
        flight.add(turn, outcome)
        failed = is_failure(outcome.error)
        if flight.policy is Policy.ALL or (failed and self.pipeline.journal.may_take_failure()):
            return take(flight, turn.number, failed=failed)
        return None

    async def _delete(self) -> Concluded:
        """The outcome of a deletion, which no guest runs: it goes also where the
        component cannot be loaded, or fails."""
        writes = await self._desk.forget_reminders()
        has_state = self._state is not None or self._damage is not None
        holds_anything = has_state or not await self._answers.is_empty()
        was_journaled = not await self.pipeline.journal.is_empty()
        # Its memory is that of an actor which is no more.
        self.slot.drop()
        self.last_error = None
        self.pipeline.meter.replied += 1
        clears = holds_anything or was_journaled
        effects = Effects(state_written=True, kv_cleared=True) if clears else Effects()
        reply = deleted_reply(holds_anything)
        return Concluded(Outcome(reply, None, effects, [], [], 0), writes)

    def _about(self, message: Message) -> About:
        envelope = message.envelope
        number = self.pipeline.next_turn_number
        return About(self.address, number, envelope.request_id, envelope.trace_id)

    def _count(self, error: KelpieError) -> None:
        """A turn ended with an error."""
        meter = self.pipeline.meter
        if isinstance(error, ActorRejected):
            meter.rejected(error.rejection_code)
        else:
            meter.failed(error.code)

    def _turn(self, envelope: Envelope, read_only: bool) -> Turn:
        return self._inputs.turn(
            envelope,
            number=self.pipeline.next_turn_number,
            read_only=read_only,
            state=self._state,
            answers=self._answers,
            configuration=self.slot.configuration,
        )

    def _finish(
        self, message: Message, outcome: Outcome, writes: Writes, *, recorded: bool
    ) -> None:
        error = outcome.error
        if error is not None and not isinstance(error, ActorRejected):
            recorded = False
        keys, limits = self.pipeline.claim.keys, self._node.limits
        journal, self._recorded = self._recorded, None
        finished = Finished(message, outcome, keys, journal, recorded=recorded, writes=writes)
        if finished.bytes_max > limits.commit_bytes_max:
            finished = self._refuse(finished, outcome)
        effects = finished.effects
        if effects is not None and effects.state_written:
            self._state, self._damage = effects.state, None
        if finished.writes:
            self._desk.finished(finished.writes)
        self.pipeline.add(finished)

    def _refuse(self, finished: Finished, outcome: Outcome) -> Finished:
        """The failure of a turn that no commit holds."""
        # What its instance has in memory is not rolled back with the rest.
        self.slot.drop()
        error = _too_large(finished.bytes_max, self._node.limits)
        # Its guest had replied; nobody has seen the count in between.
        self.pipeline.meter.replied -= outcome.error is None
        self._count(error)
        self._note(error, self._about(finished.message))
        outcome = replace(outcome, reply=None, error=error)
        keys = self.pipeline.claim.keys
        return Finished(finished.message, outcome, keys, finished.journal, recorded=False)

    def _note(self, error: KelpieError, about: About) -> None:
        self.last_error = error
        self._node.guest_log.failed(error, about)


def _too_large(size: int, limits: Limits) -> GuestLimitExceeded:
    return GuestLimitExceeded(
        f"what the turn writes and replies takes {size} bytes of a commit, keys and all; at most "
        f"{limits.commit_bytes_max} are allowed (commit_bytes_max)",
        limit="commit_bytes_max",
        size=size,
        maximum=limits.commit_bytes_max,
    )
