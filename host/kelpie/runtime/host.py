"""The runtime of one node: where every invocation enters, and the answer leaves."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Unpack

from kelpie.env import Env
from kelpie.errors import (
    DeadlineExceeded,
    Draining,
    KelpieError,
    MailboxFull,
    OutcomeUnknown,
)
from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.runtime.activation import Activation
from kelpie.runtime.active import ActiveActors
from kelpie.runtime.actor_views import ActorViews
from kelpie.runtime.admission import Admission
from kelpie.runtime.calls import Calls
from kelpie.runtime.configuration import Change
from kelpie.runtime.deletion import clear_all
from kelpie.runtime.deploy import Deploy
from kelpie.runtime.deploys import Deploys
from kelpie.runtime.envelope import Envelope, batch_unsupported, check_envelope
from kelpie.runtime.history import History
from kelpie.runtime.instances import Instances
from kelpie.runtime.message import Message, Stage
from kelpie.runtime.messaging.mail import Mail
from kelpie.runtime.node import Node
from kelpie.runtime.terms import Terms
from kelpie.store.protocol import Store
from kelpie.store.witness import Witness, nobody
from kelpie.wasm.kind_configuration import Configuration
from kelpie.wasm.turn import Engine

__all__ = ["Runtime"]

_RequestKey = tuple[Address, str, str]


class Runtime:
    """One incarnation of a node: actors, their turns, their answers.

    Everything belongs to the Env's loop.
    """

    def __init__(
        self, env: Env, store: Store, engine: Engine, limits: Limits, node_name: str = "local"
    ) -> None:
        self.node = Node(env, store, limits, node_name)
        self.instances = Instances(limits)
        self._deploys = Deploys(self.node, engine)
        self._admission = Admission(env, limits, self._expire)
        self.calls = Calls(self.node, self._ask)
        self.node.traces.outstanding = self._admission.remaining
        self._active = ActiveActors(self.node)
        self.mail = Mail(self.node, self.submit)
        self.actors = ActorViews(self.node, self._deploys, self._active)
        self._requests: dict[_RequestKey, Message] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._started = False

    @property
    def history(self) -> History:
        """The versions of kinds."""
        return self._deploys.history

    @property
    def ready(self) -> bool:
        return self._started and not self._admission.draining

    @property
    def active_actors(self) -> int:
        return len(self._active)

    @property
    def outstanding(self) -> int:
        """Requests that were taken on and are not yet settled."""
        return len(self._admission)

    @property
    def state_bytes(self) -> int:
        return self._active.state_bytes

    def stages(self) -> Counter[tuple[str, str, Stage]]:
        """How many requests are outstanding, by namespace, kind and stage."""
        return self._admission.stages()

    async def start(self) -> None:
        """Begins this incarnation of the node; earlier ones are fenced off.

        Raises:
            StoreError
        """
        await self.node.be_born()
        await self._deploys.open()
        env = self.node.env
        self._tasks = [
            env.spawn(self.node.tick.keep(), "tick"),
            env.spawn(self._active.release_idle(), "idle"),
            env.spawn(self._deploys.clear_unused(), "unused components"),
            env.spawn(self._deploys.read_damaged(), "damaged kinds"),
        ]
        if self._deploys.ended:
            self._tasks.append(env.spawn(clear_all(self.node, self._deploys.ended), "remains"))
        self.mail.start()
        self._started = True

    async def deploy(
        self,
        namespace: str,
        kind: str,
        upload: bytes,
        *,
        witness: Witness = nobody,
        **terms: Unpack[Terms],
    ) -> Deploy:
        """Deploys a component, or a core module. See `Deploys.deploy`."""
        self._admission.check()
        return await self._deploys.deploy(namespace, kind, upload, witness, **terms)

    async def check(
        self, namespace: str, kind: str, upload: bytes, **terms: Unpack[Terms]
    ) -> Deploy:
        """What `deploy` would do. See `Deploys.check`."""
        self._admission.check()
        return await self._deploys.check(namespace, kind, upload, **terms)

    async def configure(
        self, namespace: str, kind: str, change: Change, witness: Witness = nobody
    ) -> Deploy:
        """Sets what actors of a kind read. See `Deploys.configure`."""
        self._admission.check()
        return await self._deploys.configure(namespace, kind, change, witness)

    async def configuration(self, deploy: Deploy) -> Configuration:
        """What is set for a deploy. See `Configurations.get`."""
        return await self._deploys.configuration(deploy)

    async def roll_back(
        self, namespace: str, kind: str, to: int | None = None, witness: Witness = nobody
    ) -> Deploy:
        """Makes an older version current again. See `Deploys.roll_back`."""
        self._admission.check()
        return await self._deploys.roll_back(namespace, kind, to, witness)

    async def delete_kind(
        self, namespace: str, kind: str, *, force: bool = False, witness: Witness = nobody
    ) -> int:
        """Deletes a kind, with its versions; by force with all that its actors
        hold. Of how many actors something was cleared.

        Raises:
            KindInUse: its actors hold data, and it is not done by force.
            KindNotFound
            StoreError: it may be ended and not all cleared: ask again.
        """
        self._admission.check()
        await self._deploys.end(namespace, kind, witness, force=force)
        await self._active.release_kind(namespace, kind)
        actors = await self._deploys.clear_remains(namespace, kind)
        # Those that were busy before.
        await self._active.release_kind(namespace, kind)
        return actors

    def kinds(self, namespace: str | None = None) -> list[Deploy]:
        """The current deploys of the namespace, or of all, by name."""
        return self._deploys.all(namespace)

    def kind(self, namespace: str, kind: str) -> Deploy:
        """Raises:
        KindNotFound
        """
        return self._deploys.current(namespace, kind)

    async def invoke(self, envelope: Envelope) -> Payload:
        """Runs one turn, or finds that it was run before, and returns its reply.

        The reply is durable, and so is everything that it could have observed.
        A caller that stops waiting does not stop the turn.

        Raises:
            KelpieError: whether it was done, and may be asked again, is said by
                the error's class.
        """
        return await self.submit(envelope)

    def submit(self, envelope: Envelope) -> asyncio.Future[Payload]:
        """`invoke` for a caller that would rather not be a coroutine.

        Raises:
            KelpieError: it was refused at once. Any later error is the future's.
        """
        self._admission.check()
        return self._ask(envelope)[1]

    def _ask(self, envelope: Envelope) -> tuple[Message, asyncio.Future[Payload]]:
        """The message that it becomes, or joins, and its answer. See `submit`."""
        deploy = self._deploys.current(envelope.target.namespace, envelope.target.kind)
        if envelope.is_batch and not deploy.batches:
            raise batch_unsupported(envelope.target)
        check_envelope(envelope, self.node.limits)
        waiter: asyncio.Future[Payload] = self.node.env.future()
        request = None
        if envelope.recorded:
            request = (envelope.target, envelope.principal, envelope.request_id)
            same = self._requests.get(request)
            if same is not None:
                same.join(envelope, waiter, self.node.limits)
                return same, waiter
        message = Message(envelope, self._settled)
        self.node.traces.begin(message)
        message.wait(waiter, envelope.deadline_ns)
        self._admission.admit(message)
        if request is not None:
            self._requests[request] = message
        self._dispatch(message)
        return message, waiter

    async def drain(self) -> None:
        """Takes no more requests and lets those in the house finish, for at most
        `drain_ms_max`; the rest is told to ask again. Idempotent."""
        self.mail.close()
        await self._admission.drain(self.node.limits.drain_ms_max)
        for message in self._admission.remaining():
            self._give_up(message, Draining, "the host stopped")
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        for activation in self._active.all():
            await activation.close()

    def drop_instances(self) -> None:
        """Drops every instance that is not running a turn, as memory pressure may."""
        for activation in self._active.all():
            activation.drop_instance()

    def _dispatch(self, message: Message) -> None:
        """Puts an admitted message before its actor; settles it if that fails."""
        address = message.envelope.target
        activation = self._active.get(address)
        if activation is None:
            activation = Activation(
                self.node,
                self._deploys,
                self.instances,
                self.calls,
                address,
                on_rest=self._active.rested,
                on_end=self._ended,
            )
            self._active.add(activation)
        self._active.used(activation)
        try:
            activation.ask(message)
        except MailboxFull as error:
            message.fail(error)

    def _settled(self, message: Message) -> None:
        envelope = message.envelope
        self.node.traces.end(message)
        self._admission.leave(message)
        if envelope.recorded:
            del self._requests[envelope.target, envelope.principal, envelope.request_id]

    def _expire(self, message: Message) -> None:
        """Somebody has waited for the message until the deadline."""
        now = self.node.env.monotonic_ns()
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
        if stage is Stage.COMMITTING:
            message.answer_early(
                OutcomeUnknown(
                    f"{why} {stage.value}: ask again under the same id to learn what became of it"
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
