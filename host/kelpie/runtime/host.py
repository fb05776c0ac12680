"""The runtime of one node: where every invocation enters, and the answer leaves."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Unpack

from kelpie.env import Env
from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.runtime.actor.active import ActiveActors
from kelpie.runtime.actor.instances import Instances
from kelpie.runtime.actor.mending import mend_by_force
from kelpie.runtime.commits.left_kv import LeftKv
from kelpie.runtime.durable.turns import TurnsInFlight
from kelpie.runtime.durable.waker import Waker
from kelpie.runtime.kinds.configuration import Change
from kelpie.runtime.kinds.deletion import clear_all
from kelpie.runtime.kinds.deploy import Deploy
from kelpie.runtime.kinds.deploys import Deploys
from kelpie.runtime.kinds.grants import MayReach, anywhere
from kelpie.runtime.kinds.history import History
from kelpie.runtime.kinds.terms import Terms
from kelpie.runtime.messaging.mail import Mail
from kelpie.runtime.node import Node
from kelpie.runtime.reception import Reception
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.requests.message import Stage
from kelpie.runtime.views.actor_views import ActorViews
from kelpie.runtime.views.journals import Journals
from kelpie.store.protocol import Store
from kelpie.store.witness import Witness, nobody
from kelpie.wasm.kind_configuration import Configuration
from kelpie.wasm.turn import Engine

__all__ = ["Runtime"]


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
        self._active = ActiveActors(self.node)
        self.reception = Reception(self.node, self._deploys, self.instances, self._active)
        self.mail = Mail(self.node, self.submit)
        self.actors = ActorViews(self.node, self._deploys, self._active)
        self._left_kv = LeftKv(self.node)
        self.waker = Waker(self.node, self._active.is_busy, self.submit)
        self.turns = TurnsInFlight(self.node, self.submit, self._active.stop_durable_turn)
        self.journals = Journals(self.node, self._deploys, self._active)
        self._tasks: list[asyncio.Task[None]] = []
        self._started = False

    @property
    def history(self) -> History:
        """The versions of kinds."""
        return self._deploys.history

    @property
    def ready(self) -> bool:
        return self._started and not self.reception.draining

    @property
    def active_actors(self) -> int:
        return len(self._active)

    @property
    def outstanding(self) -> int:
        """Requests that were taken on and are not yet settled."""
        return len(self.reception)

    @property
    def state_bytes(self) -> int:
        return self._active.state_bytes

    def stages(self) -> Counter[tuple[str, str, Stage]]:
        """How many requests are outstanding, by namespace, kind and stage."""
        return self.reception.stages()

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
            env.spawn(self.waker.run(), "durable turns"),
            env.spawn(self._left_kv.run(), "left kv"),
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
        self.reception.check_open()
        return await self._deploys.deploy(namespace, kind, upload, witness, **terms)

    async def check(
        self, namespace: str, kind: str, upload: bytes, **terms: Unpack[Terms]
    ) -> Deploy:
        """What `deploy` would do. See `Deploys.check`."""
        self.reception.check_open()
        return await self._deploys.check(namespace, kind, upload, **terms)

    async def configure(
        self, namespace: str, kind: str, change: Change, witness: Witness = nobody
    ) -> Deploy:
        """Sets what actors of a kind read. See `Deploys.configure`."""
        self.reception.check_open()
        return await self._deploys.configure(namespace, kind, change, witness)

    async def configuration(self, deploy: Deploy) -> Configuration:
        """What is set for a deploy. See `Configurations.get`."""
        return await self._deploys.configuration(deploy)

    async def roll_back(
        self,
        namespace: str,
        kind: str,
        to: int | None = None,
        witness: Witness = nobody,
        may_reach: MayReach = anywhere,
    ) -> Deploy:
        """Makes an older version current again. See `Deploys.roll_back`."""
        self.reception.check_open()
        return await self._deploys.roll_back(namespace, kind, to, witness, may_reach)

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
        self.reception.check_open()
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

    async def mend_by_force(self, address: Address, witness: Witness = nobody) -> bool:
        """Readies a damaged actor for its deletion. See `mending.mend_by_force`."""
        self.reception.check_open()
        return await mend_by_force(self.node, address, witness)

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
        self.reception.check_open()
        return self.reception.ask(envelope)[1]

    async def drain(self) -> None:
        """Takes no more requests and lets those in the house finish, for at most
        `drain_ms_max`; the rest is told to ask again. Idempotent."""
        self.mail.close()
        self.waker.close()
        self._left_kv.close()
        await self.reception.drain()
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        for activation in self._active.all():
            await activation.close()

    def drop_instances(self) -> None:
        """Drops every instance that is not running a turn, as memory pressure may."""
        for activation in self._active.all():
            activation.drop_instance()
