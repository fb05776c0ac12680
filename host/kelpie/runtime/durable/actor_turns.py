"""The durable turn of one actor: begun, gone on with after a crash, ended.

While one is in flight no other turn of the actor is run.
"""

from __future__ import annotations

from kelpie.errors import (
    ActorError,
    DurableTurnStuck,
    KelpieError,
    LoadFailed,
    OutcomeUnknown,
    PlatformError,
    StoreError,
    Unreadable,
)
from kelpie.journal.masks import Mask
from kelpie.journal.resumed import LiveAnswers, ResumedAnswers, ResumedCalls
from kelpie.journal.values import Packer
from kelpie.runtime.actor.instance_slot import InstanceSlot
from kelpie.runtime.actor.mailbox import Mailbox
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.durable.begun import Begun
from kelpie.runtime.durable.cancelling import CANCELLED, CancelTurn, turn_cancelled
from kelpie.runtime.durable.durable_turn import DurableTurn, turn_expired
from kelpie.runtime.durable.in_flight import InFlight
from kelpie.runtime.durable.resumption import Resumption, read_resumption
from kelpie.runtime.durable.stuck import diverged, unmakeable, version_gone
from kelpie.runtime.kinds.deploy import Deploy
from kelpie.runtime.node import Node
from kelpie.runtime.requests.message import Message, Stage
from kelpie.wasm.turn import Effects, Guest, Outcome, Turn

__all__ = ["DurableTurns"]

_NS_PER_MS = 1_000_000
_DOUBLED_MAX = 10
# What ends a turn from outside, whatever was recorded behind it.
_KILLED = {"guest-timed-out", "guest-stack-exhausted"}


class DurableTurns:
    """At most one. It ends with the claim under which the actor was loaded."""

    __slots__ = (
        "_answers",
        "_node",
        "_pipeline",
        "cancelling",
        "failed",
        "failures",
        "pending",
        "resumption",
        "running",
        "stuck",
    )

    def __init__(self, node: Node, pipeline: Pipeline, answers: LiveAnswers) -> None:
        self._node = node
        self._pipeline = pipeline
        self._answers = answers
        self.pending = pipeline.claim.sequence.steps > 0
        """Whether there is one in flight that does not run."""
        self.running: DurableTurn | None = None
        self.resumption: Resumption | None = None
        """What was read of the one in flight."""
        self.cancelling: CancelTurn | None = None
        """Who wants it to end."""
        self.stuck: DurableTurnStuck | None = None
        """Why it cannot be gone on with."""
        self.failed: KelpieError | None = None
        """What the latest attempt to go on has met, and how many in a row have."""
        self.failures = 0

    async def read(self) -> None:
        """What the store has of the one in flight. It may be that there is none.

        Raises:
            LoadFailed, Unreadable, KelpieError
        """
        if self.resumption is not None:
            return
        claim = self._pipeline.claim
        try:
            # A step may be on its way.
            await self._pipeline.departure()
            self.pending = claim.sequence.steps > 0
            if self.pending:
                store, steps = self._node.store, claim.sequence.steps
                self.resumption = await read_resumption(store, claim.keys, steps)
        except Unreadable:
            raise
        except StoreError as error:
            raise LoadFailed(
                f"the durable turn in flight of {claim.keys.address} could not be read: "
                f"{error.message}"
            ) from error

    async def pause(self) -> None:
        """Before what has failed is tried again.

        Raises:
            KelpieError: too many attempts have failed.
        """
        limits = self._node.limits
        assert self.failed is not None
        if self.failures > limits.durable_attempts_max:
            raise self.failed
        doubled = min(self.failures - 1, _DOUBLED_MAX)
        await self._node.env.sleep(limits.durable_retry_ms << doubled)

    def claims(self, message: Message) -> bool:
        """Whether this message's turn is the one in flight.

        Raises:
            DurableTurnStuck: it is another one's, which cannot be gone on with.
            OutcomeUnknown: it is over, and nobody knows how.
        """
        if self.pending and message.goes_on:
            return True
        if self.pending:
            assert self.stuck is not None, "the turn in flight comes first"
            raise type(self.stuck)(self.stuck.message, **self.stuck.details)
        message.goes_on = False
        if not message.envelope.recorded:
            raise OutcomeUnknown("the durable turn is not in flight any more: it may have ended")
        return False

    def given_up(self, message: Message) -> Outcome | None:
        """What comes of the turn in flight if it is not to be gone on with: it was
        cancelled, or is too old."""
        cancelling, self.cancelling = self.cancelling, None
        if cancelling is not None:
            cancelling.done = True
            message.envelope.witness = cancelling.witness
            if message.envelope.errand is cancelling:
                # Nothing else is known of the turn.
                return Outcome(CANCELLED, None, Effects(), [], [], 0)
            return Outcome(None, turn_cancelled(), Effects(), [], [], 0)
        assert self.resumption is not None
        age_ms_max = self._node.limits.durable_turn_age_ms_max
        age_ns = self._node.env.wall_ns() - self.resumption.begun.begun_ns
        if age_ns < age_ms_max * _NS_PER_MS:
            return None
        return Outcome(None, turn_expired(age_ms_max), Effects(), [], [], 0)

    async def instance(self, slot: InstanceSlot) -> Guest:
        """One for the turn in flight, of the version that it began with.

        Raises:
            DurableTurnStuck: there is none.
            LoadFailed, StoredValueCorrupt
        """
        assert self.resumption is not None
        begun, version = self.resumption.begun, self.resumption.deploy
        if version is None:
            raise self._is_stuck(version_gone(slot.address, begun))
        try:
            return await slot.make(version)
        except ActorError as error:
            raise self._is_stuck(unmakeable(slot.address, begun, error)) from error

    def begins(self, message: Message, turn: Turn, deploy: Deploy) -> DurableTurn:
        """A durable turn is about to run, in a fresh instance: from its beginning, or,
        if it is the one in flight, again."""
        found, self.resumption = self.resumption, None
        if not message.goes_on or found is None:
            now_ns = self._node.env.wall_ns()
            begun = Begun(message.envelope, turn.number, turn.time_ns, deploy.number, now_ns)
            told = (turn.operation, turn.number, deploy.number, now_ns, turn.request_id)
            found = Resumption(begun, deploy, InFlight(*told, 0, 0), (), 0, 0)
        self.pending = False
        turn.number, turn.time_ns = found.begun.number, found.begun.time_ns
        # What is kept is kept whole, for it is answered from it. In the place of a secret
        # that the guest asks for there is a stand-in: it gets what is set.
        mask = Mask(turn.configuration, hides=False)
        packer = Packer(mask, self._node.limits.journal_argument_bytes_max)
        turn.journal = journal = ResumedCalls(found.calls, packer)
        turn.answers = ResumedAnswers(journal, self._answers)
        self.running = DurableTurn(self._node, self._pipeline, message, found, journal, packer)
        return self.running

    def judged(self, message: Message, outcome: Outcome) -> Outcome:
        """What has come of the turn that ran.

        Raises:
            DurableTurnDiverged: it does not do what it did.
            PlatformError: it could not be gone on with, and is in flight.
        """
        assert self.running is not None
        journal, error = self.running.journal, outcome.error
        if error is None or error.code not in _KILLED:
            journal.finish()
        if journal.difference is not None:
            address = self._pipeline.claim.keys.address
            raise self._is_stuck(diverged(address, message.turn, journal.difference))
        if message.goes_on and isinstance(error, PlatformError) and error.retryable:
            raise error
        return outcome

    def put_back(self, mailbox: Mailbox, message: Message, error: KelpieError | None) -> bool:
        """Puts the message of a turn that was stopped, by `error` if it was no
        cancellation, in front of the others if it is to go on: here, or in the actor's
        next activation. Whether it did."""
        running, self.running = self.running, None
        if not message.goes_on:
            return False
        if running is not None and (running.steps or error is None):
            self.pending = True
        if error is not None:
            if running is not None and running.has_learned:
                self.failures = 0
            self.failures += 1
            self.failed = error
            if not self.pending or self.stuck is not None or not isinstance(error, PlatformError):
                return False
        message.stage = Stage.QUEUED
        mailbox.put_back(message)
        return True

    def ended(self) -> None:
        """A turn's end is on its way to be committed."""
        self.pending = False
        self.running = self.resumption = self.failed = None
        self.failures = 0

    def _is_stuck(self, error: DurableTurnStuck) -> DurableTurnStuck:
        self.stuck, self.pending = error, True
        return error
