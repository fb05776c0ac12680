"""Where requests are taken on, brought before their actors, and let go of once settled."""

from __future__ import annotations

import asyncio
from collections import Counter

from kelpie.errors import (
    DeadlineExceeded,
    Draining,
    KelpieError,
    MailboxFull,
    OutcomeUnknown,
)
from kelpie.ids import Address, Payload
from kelpie.runtime.actor.activation import Activation
from kelpie.runtime.actor.active import ActiveActors
from kelpie.runtime.actor.instances import Instances
from kelpie.runtime.admission import Admission
from kelpie.runtime.kinds.deploys import Deploys
from kelpie.runtime.node import Node
from kelpie.runtime.requests.calls import Calls
from kelpie.runtime.requests.envelope import Envelope, batch_unsupported, check_envelope
from kelpie.runtime.requests.message import Message, Stage

__all__ = ["Reception"]

_RequestKey = tuple[Address, str, str]


class Reception:
    """Every request of a node that is not yet settled, from whomever."""

    def __init__(
        self, node: Node, deploys: Deploys, instances: Instances, active: ActiveActors
    ) -> None:
        self._node = node
        self._deploys = deploys
        self._instances = instances
        self._active = active
        self._admission = Admission(node.env, node.limits, self._expire)
        self._requests: dict[_RequestKey, Message] = {}
        self.calls = Calls(node, self.ask)
        node.traces.outstanding = self._admission.remaining

    def __len__(self) -> int:
        """Requests that were taken on and are not yet settled."""
        return len(self._admission)

    @property
    def draining(self) -> bool:
        return self._admission.draining

    def check_open(self) -> None:
        """Raises:
        Draining
        """
        self._admission.check()

    def stages(self) -> Counter[tuple[str, str, Stage]]:
        """How many requests there are, by namespace, kind and stage."""
        return self._admission.stages()

    def ask(self, envelope: Envelope) -> tuple[Message, asyncio.Future[Payload]]:
        """The message that it becomes, or joins, and its answer. Also while it drains:
        what an actor asks of another is asked by a request that was taken on before.

        Raises:
            KelpieError: it was refused at once. Any later error is the future's.
        """
        deploy = self._deploys.current(envelope.target.namespace, envelope.target.kind)
        if envelope.is_batch and not deploy.batches:
            raise batch_unsupported(envelope.target)
        check_envelope(envelope, self._node.limits)
        waiter: asyncio.Future[Payload] = self._node.env.future()
        request = None
        if envelope.recorded:
            request = (envelope.target, envelope.principal, envelope.request_id)
            same = self._requests.get(request)
            if same is not None:
                same.join(envelope, waiter, self._node.limits)
                return same, waiter
        message = Message(envelope, self._settled)
        self._node.traces.begin(message)
        message.wait(waiter, envelope.deadline_ns)
        self._admission.admit(message)
        if request is not None:
            self._requests[request] = message
        self._dispatch(message)
        return message, waiter

    async def drain(self) -> None:
        """Takes no more requests and lets those in the house finish, for at most
        `drain_ms_max`; the rest is told to ask again. Idempotent."""
        await self._admission.drain(self._node.limits.drain_ms_max)
        for message in self._admission.remaining():
            self._give_up(message, Draining, "the host stopped")

    def _dispatch(self, message: Message) -> None:
        """Puts an admitted message before its actor; settles it if that fails."""
        address = message.envelope.target
        activation = self._active.get(address)
        if activation is None:
            activation = Activation(
                self._node,
                self._deploys,
                self._instances,
                self.calls,
                address,
                readmit=self._readmit,
                on_rest=self._active.rested,
                on_end=self._ended,
            )
            self._active.add(activation)
        self._active.used(activation)
        try:
            activation.ask(message)
        except MailboxFull as error:
            message.fail(error)

    def _readmit(self, envelope: Envelope) -> Message:
        """Takes on a durable turn in flight, which was taken on before a crash: who
        asks for it again joins it.

        Raises:
            Draining
        """
        message = Message(envelope, self._settled)
        self._node.traces.begin(message)
        self._admission.readmit(message)
        if envelope.recorded:
            self._requests[envelope.target, envelope.principal, envelope.request_id] = message
        return message

    def _settled(self, message: Message) -> None:
        envelope = message.envelope
        self._node.traces.end(message)
        self._admission.leave(message)
        if envelope.recorded:
            del self._requests[envelope.target, envelope.principal, envelope.request_id]

    def _expire(self, message: Message) -> None:
        """Somebody has waited for the message until the deadline."""
        now = self._node.env.monotonic_ns()
        if message.deadline_ns <= now:
            self._give_up(message, DeadlineExceeded, "the deadline of the request passed")
        else:
            message.answer_early(
                OutcomeUnknown(
                    "the deadline passed while the request, which others wait for as well, "
                    "went on: ask again under the same id to learn what became of it"
                ),
                up_to_ns=now,
            )

    def _give_up(self, message: Message, error: type[KelpieError], why: str) -> None:
        """Answers whoever waits, with `error` if the request was surely not done."""
        stage = message.stage
        if stage is Stage.COMMITTING or message.goes_on:
            when = stage.value if stage is Stage.COMMITTING else "in a durable turn, which goes on"
            message.answer_early(
                OutcomeUnknown(
                    f"{why} {when}: ask again under the same id to learn what became of it"
                )
            )
            return
        surely_not_done = error(f"{why} {stage.value}: nothing was done")
        if stage is Stage.CHECKING:
            message.answer_early(surely_not_done)
        else:
            activation = self._active.get(message.envelope.target)
            assert activation is not None, "an actor with messages in line is active"
            activation.give_up(message, surely_not_done)

    def _ended(self, activation: Activation, remaining: list[Message]) -> None:
        self._active.remove(activation)
        for message in remaining:
            self._dispatch(message)
