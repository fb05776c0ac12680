"""The turns of one loaded actor: input in, guest run, outcome on its way to commit."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

from kelpie.errors import (
    ActorRejected,
    DeadlineExceeded,
    KelpieError,
)
from kelpie.ids import Address
from kelpie.journal.flights import Flight
from kelpie.journal.policy import Policy
from kelpie.runtime.actor.actor_answers import ActorAnswers
from kelpie.runtime.actor.instance_slot import InstanceSlot
from kelpie.runtime.actor.repeated import answered_from_record
from kelpie.runtime.actor.turn_accounts import TurnAccounts, too_large
from kelpie.runtime.actor.turn_inputs import TurnInputs
from kelpie.runtime.commits.batch import Finished
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.commits.recorded import Recorded, is_failure, take
from kelpie.runtime.commits.stored_state import StoredState, read_state
from kelpie.runtime.durable.actor_turns import DurableTurns
from kelpie.runtime.messaging.desk import ActorDesk
from kelpie.runtime.node import Node
from kelpie.runtime.requests.calls import Calls
from kelpie.runtime.requests.envelope import batch_unsupported, deleted_reply
from kelpie.runtime.requests.errand import Concluded, Writes
from kelpie.runtime.requests.message import Message
from kelpie.store.reading import reading
from kelpie.wasm.turn import Effects, Guest, Outcome, Turn

__all__ = ["TurnRunner"]

Result = TypeVar("Result")


class TurnRunner:
    """An actor in memory: its state, its instance, its pipeline. It ends with the
    claim under which it was loaded."""

    __slots__ = (
        "_accounts",
        "_answers",
        "_damage",
        "_desk",
        "_inputs",
        "_node",
        "_recorded",
        "_state",
        "address",
        "durable",
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
        self._accounts = TurnAccounts(node, address, pipeline)
        self.address = address
        self.durable = DurableTurns(node, pipeline, self._answers)
        self.pipeline = pipeline
        self.slot = slot
        self._recorded: Recorded | None = None
        """What is to be journaled of the turn that runs."""

    @property
    def state_bytes(self) -> int:
        return 0 if self._state is None else len(self._state.data)

    @property
    def last_error(self) -> KelpieError | None:
        """Of the latest turn that had one."""
        return self._accounts.last_error

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
        in_flight = (message.goes_on or self.durable.pending) and self.durable.claims(message)
        if not in_flight:
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
        ended = self.durable.given_up(message) if message.goes_on else None
        if errand is not None and not message.goes_on:
            prepared = await errand.prepare(self._desk)
            if prepared is not None:
                return prepared, False
        if envelope.deletes:
            concluded = await self._delete()
            message.ended_ns = self._node.env.monotonic_ns()
            return concluded, False
        if self._damage is not None:
            await self._look_again(message)
        if ended is not None:
            outcome, read_only = ended, False
        else:
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
            self._accounts.note(self._damage, message)
            raise self._damage

    async def _run_guest(self, message: Message, begun_ns: int) -> tuple[Outcome, bool]:
        """The outcome, and whether the operation is read-only."""
        slot, envelope = self.slot, message.envelope
        operation = envelope.operation
        if operation in slot.deploy.manifest.durable:
            # So that it does the same if it is run again.
            slot.drop()
        guest = None if message.goes_on else slot.take()
        if guest is None:
            guest = await self._instance(message)
        # The version that runs the turn decides.
        deploy = slot.deploy
        message.version = deploy.number
        read_only = operation in deploy.manifest.read_only
        if envelope.is_batch and not deploy.batches:
            slot.give_back()
            raise batch_unsupported(self.address)
        turn = self._inputs.turn(
            envelope,
            number=self.pipeline.next_turn_number,
            read_only=read_only,
            state=self._state,
            answers=self._answers,
            configuration=slot.configuration,
        )
        durable = None
        if operation in deploy.manifest.durable and not envelope.is_batch:
            durable = self.durable.begins(message, turn, deploy)
            self._inputs.time_ns = turn.time_ns
        self._answers.turn_begins(message, durable)
        try:
            outcome = await guest.run(turn)
            if durable is not None:
                outcome = self.durable.judged(message, outcome)
        except BaseException:
            slot.drop()
            raise
        finally:
            self._answers.turn_ends()
            message.ended_ns = self._node.env.monotonic_ns()
            self.pipeline.meter.durations_ns.add(message.ended_ns - begun_ns)
        if slot.flight is not None:
            self._recorded = self._journaled(slot.flight, turn, outcome)
        if outcome.instance_lost:
            slot.drop()
        else:
            slot.give_back()
        self._accounts.ran(outcome, message)
        return outcome, read_only

    async def _instance(self, message: Message) -> Guest:
        """A fresh one, of the version that runs the turn."""
        try:
            if message.goes_on:
                guest = await self.durable.instance(self.slot)
            else:
                guest = await self.slot.make()
        except KelpieError as error:
            self._accounts.failed(error, message)
            raise
        self.pipeline.meter.instances_made += 1
        return guest

    def _journaled(self, flight: Flight, turn: Turn, outcome: Outcome) -> Recorded | None:
        """Keeps what a turn did, and says what is to be written of it."""
        flight.add(turn, outcome)
        failed = outcome.error is not None and is_failure(outcome.error)
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
        self._accounts.last_error = None
        self.pipeline.meter.replied += 1
        clears = holds_anything or was_journaled
        effects = Effects(state_written=True, kv_cleared=True) if clears else Effects()
        reply = deleted_reply(holds_anything)
        return Concluded(Outcome(reply, None, effects, [], [], 0), writes)

    def _finish(
        self, message: Message, outcome: Outcome, writes: Writes, *, recorded: bool
    ) -> None:
        error = outcome.error
        if error is not None and not isinstance(error, ActorRejected):
            recorded = False
        keys, limits = self.pipeline.claim.keys, self._node.limits
        journal, self._recorded = self._recorded, None
        ends = message.goes_on
        finished = Finished(
            message, outcome, keys, journal, recorded=recorded, writes=writes, ends_durable=ends
        )
        if finished.bytes_max > limits.commit_bytes_max:
            finished = self._refuse(finished, outcome)
        effects = finished.effects
        if effects is not None and effects.state_written:
            self._state, self._damage = effects.state, None
        if finished.writes:
            self._desk.finished(finished.writes)
        self.pipeline.add(finished)
        if self.durable.running is not None or ends:
            self.durable.ended()

    def _refuse(self, finished: Finished, outcome: Outcome) -> Finished:
        """The failure of a turn that no commit holds."""
        # What its instance has in memory is not rolled back with the rest.
        self.slot.drop()
        error = too_large(finished.bytes_max, self._node.limits)
        # Its guest had replied; nobody has seen the count in between.
        self.pipeline.meter.replied -= outcome.error is None
        self._accounts.failed(error, finished.message)
        outcome = replace(outcome, reply=None, error=error)
        return Finished(
            finished.message,
            outcome,
            self.pipeline.claim.keys,
            finished.journal,
            recorded=False,
            ends_durable=finished.ends_durable,
        )
