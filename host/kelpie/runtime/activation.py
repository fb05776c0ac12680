"""One actor on this node: its queue, its claim, its instance, its turns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from hashlib import blake2b

from kelpie.errors import (
    ActorError,
    ActorRejected,
    ComponentError,
    DeadlineExceeded,
    HostFault,
    KelpieError,
    LoadFailed,
    Moved,
    OutcomeUnknown,
    RequestRecordsFull,
    StoredValueCorrupt,
    StoreError,
)
from kelpie.ids import Address, Payload
from kelpie.runtime import claim as claims
from kelpie.runtime import records
from kelpie.runtime.batch import Finished
from kelpie.runtime.deploys import Deploy, Deploys
from kelpie.runtime.instances import Instances
from kelpie.runtime.kv_view import KvView
from kelpie.runtime.mailbox import Mailbox
from kelpie.runtime.message import Message, Stage
from kelpie.runtime.node import Node
from kelpie.runtime.pipeline import Pipeline
from kelpie.store.keyspace import ActorKeys
from kelpie.wasm.turn import Caller, Guest, Level, Outcome, Turn

__all__ = ["Activation"]

_log = logging.getLogger("kelpie")
_guest_log = logging.getLogger("kelpie.actor")

_LEVELS: dict[Level, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}


class Activation:
    """Runs the turns of one actor, one at a time, in order of arrival.

    A task lives only while there is something to run. When the claim turns out
    untrue, or the actor cannot be loaded, the activation ends for good and
    hands what still waits back to whoever made it.
    """

    __slots__ = (
        "_clock_ns",
        "_deploy",
        "_deploys",
        "_expiring",
        "_guest",
        "_instances",
        "_kv",
        "_mailbox",
        "_node",
        "_on_end",
        "_pipeline",
        "_progress",
        "_running",
        "_seed",
        "_state",
        "_task",
        "address",
        "ended",
        "last_error",
        "used_ns",
    )

    def __init__(
        self,
        node: Node,
        deploys: Deploys,
        instances: Instances,
        address: Address,
        on_end: Callable[[Activation, list[Message]], None],
    ) -> None:
        self._node = node
        self._deploys = deploys
        self._instances = instances
        self._on_end = on_end
        self._mailbox = Mailbox(node.limits)
        self._pipeline: Pipeline | None = None
        self._kv: KvView | None = None
        self._deploy: Deploy | None = None
        self._guest: Guest | None = None
        self._state: Payload | None = None
        self._clock_ns = 0
        self._task: asyncio.Task[None] | None = None
        self._running: Message | None = None
        self._expiring = False
        self._progress: asyncio.Future[None] | None = None
        self._seed = blake2b(repr(address).encode(), key=node.entropy_secret, digest_size=32)
        self.address = address
        self.ended = False
        self.last_error: KelpieError | None = None
        self.used_ns = 0

    @property
    def idle(self) -> bool:
        """Whether nothing runs, waits, or is being committed."""
        return self._task is None and (self._pipeline is None or self._pipeline.idle)

    @property
    def queued(self) -> int:
        return len(self._mailbox)

    @property
    def claim(self) -> claims.Claim | None:
        return None if self._pipeline is None else self._pipeline.claim

    def ask(self, message: Message) -> None:
        """Puts a message in line.

        Raises:
            MailboxFull
        """
        assert not self.ended
        self._mailbox.put(message)
        if self._task is None:
            self._task = self._node.env.spawn(self._run(), "activation")

    def expire(self, message: Message) -> None:
        """The deadline of a message of this actor has passed."""
        if message.stage is Stage.QUEUED:
            self._mailbox.remove(message)
            message.fail(_expired("before its turn came"))
        elif message.stage is Stage.RUNNING:
            if self._task is not None and not self._expiring:
                # Kills the guest; `_turn` answers.
                self._expiring = True
                self._task.cancel()
        elif message.stage is Stage.CHECKING:
            message.answer_early(_expired("while the host checked that it may answer"))
        else:
            message.answer_early(
                OutcomeUnknown(
                    "the deadline passed while the turn was committed: "
                    "ask again under the same id to learn what became of it"
                )
            )

    def drop_instance(self) -> bool:
        """Drops the instance, unless it is running a turn; whether there was one to drop."""
        if self._guest is None or self._running is not None:
            return False
        self._drop_guest()
        return True

    def release(self) -> None:
        """Ends an idle activation, giving up its claim if it holds one.

        What arrives meanwhile waits, and is handed back at the end.
        """
        assert self.idle
        self._task = self._node.env.spawn(self._release(), "release")

    async def _release(self) -> None:
        claim = self.claim
        try:
            if claim is not None and claim.held:
                await claim.release()
        except (StoreError, Moved):
            # No harm: the claim stays in the store, and this node will find
            # itself its owner, or another one took it over.
            pass
        finally:
            self._task = None
            self._end(self._take_queued())

    async def _run(self) -> None:
        try:
            if self._pipeline is None:
                await self._load()
            while not self.ended and (message := self._mailbox.take()) is not None:
                await self._turn(message)
        except KelpieError as error:
            # It could not be loaded.
            self._fail_everything(error)
        except BaseException:
            # A bug of ours, or the node is being torn down: nobody is left waiting.
            self._fail_everything(HostFault("the host failed to run the turn: see its log"))
            raise
        finally:
            self._task = None

    async def _load(self) -> None:
        """Reads the actor. It is never taken for empty because it could not be read.

        Raises:
            LoadFailed, StoredValueCorrupt, Moved, KindNotFound
        """
        node = self._node
        keys = ActorKeys(self.address)
        try:
            claim, self._state = await claims.load(node, keys)
            number = claim.owner.deploy_number
            self._deploy = await self._deploys.at(*self.address[:2], number)
        except StoredValueCorrupt:
            raise
        except StoreError as error:
            raise LoadFailed(f"{self.address} could not be loaded: {error.message}") from error
        self._pipeline = Pipeline(node, claim, self._on_progress)
        self._kv = KvView(node, keys, self._pipeline)

    async def _turn(self, message: Message) -> None:
        """Runs one turn and hands its outcome to the pipeline."""
        pipeline = self._pipeline
        assert pipeline is not None
        message.stage = Stage.RUNNING
        self._running = message
        try:
            if pipeline.congested:
                await self._until_progress(pipeline)
            if message.envelope.deadline_ns <= self._node.env.monotonic_ns():
                raise _expired("before its turn came")
            if not (message.envelope.recorded and await self._answered_from_record(message)):
                await self._run_guest(message, await self._ready_guest())
        except asyncio.CancelledError:
            if not self._expiring:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]
            self._drop_guest()
            message.fail(_expired("in the middle of its turn, which was rolled back"))
        except KelpieError as error:
            # Nothing was run: there is nothing to commit or to wait for.
            message.fail(error)
        self._expiring = False
        self._running = None
        if pipeline.broken is not None and not self.ended:
            self._end(self._take_queued())

    async def _run_guest(self, message: Message, guest: Guest) -> None:
        pipeline, envelope = self._pipeline, message.envelope
        assert pipeline is not None
        assert self._deploy is not None
        assert self._kv is not None
        operation = self._deploy.manifest.operations.get(envelope.operation)
        read_only = operation is not None and operation.read_only
        self._clock_ns = max(self._clock_ns, self._node.env.wall_ns())
        turn = Turn(
            address=self.address,
            operation=envelope.operation,
            argument=envelope.argument,
            request_id=envelope.request_id,
            caller=Caller("client", envelope.principal),
            number=pipeline.next_turn_number,
            time_ns=self._clock_ns,
            entropy_seed=self._entropy_seed(envelope.request_id),
            read_only=read_only,
            state=self._state,
            answers=self._kv,
        )
        outcome = await guest.run(turn)
        if outcome.instance_lost:
            self._drop_guest()
        else:
            self._instances.used(self, guest.memory_bytes)
        if pipeline.broken is not None:
            # It has seen what is void.
            message.fail(pipeline.broken)
            return
        self._finish(message, outcome, recorded=envelope.recorded and not read_only)

    def _finish(self, message: Message, outcome: Outcome, *, recorded: bool) -> None:
        pipeline = self._pipeline
        assert pipeline is not None
        error, effects = outcome.error, outcome.effects
        for line in outcome.log:
            _guest_log.log(_LEVELS[line.level], "%s: %s", self.address, line.message)
        if error is not None:
            self.last_error = error
            if isinstance(error, HostFault):
                _log.error("a turn of %s met a fault of the host", self.address, exc_info=error)
            recorded = recorded and isinstance(error, ActorRejected)
            pipeline.add(Finished(message, None, error, recorded), None)
            return
        if effects.state_written:
            self._state = effects.state
        pipeline.add(Finished(message, outcome.reply, None, recorded), effects)

    async def _answered_from_record(self, message: Message) -> bool:
        """Whether the request was done before; then it is answered.

        One that is still on its way to be committed is joined before it gets here.
        """
        pipeline, envelope, node = self._pipeline, message.envelope, self._node
        assert pipeline is not None
        if pipeline.record_count == 0:
            return False
        keys = pipeline.claim.keys
        transaction = node.store.transaction()
        record = await records.find(transaction, keys, envelope.principal, envelope.request_id)
        if record is not None:
            records.answer(record, message)
            return True
        full = pipeline.record_count >= node.limits.request_records_max
        if full and not await pipeline.can_clear_records():
            raise RequestRecordsFull(
                f"{self.address} keeps {pipeline.record_count} request records, none of them "
                "old enough to go: ask again later",
                retry_after_ms=node.limits.store_tick_ms,
            )
        return False

    async def _ready_guest(self) -> Guest:
        """The instance to run the next turn in: of the current deploy, made anew if need be.

        Raises:
            LoadFailed: the component could not be loaded.
            ActorError: its instance could not be made.
        """
        pipeline = self._pipeline
        assert pipeline is not None
        assert self._deploy is not None
        current = self._deploys.current(*self.address[:2])
        if self._guest is not None and current.number <= self._deploy.number:
            return self._guest
        wanted = current if current.number > self._deploy.number else self._deploy
        try:
            component = await self._deploys.component(wanted)
            guest = await component.instantiate()
        except (StoreError, ComponentError) as error:
            raise LoadFailed(
                f"the component of {self.address} could not be loaded: {error.message}"
            ) from error
        except ActorError as error:
            self.last_error = error
            raise
        self._drop_guest()
        if wanted.number > self._deploy.number:
            pipeline.claim.moves_to_deploy(wanted.number)
            self._deploy = wanted
        self._guest = guest
        self._instances.used(self, guest.memory_bytes)
        return guest

    def _entropy_seed(self, request_id: str) -> bytes:
        seed = self._seed.copy()
        seed.update(request_id.encode())
        return seed.digest()

    async def _until_progress(self, pipeline: Pipeline) -> None:
        while pipeline.congested and pipeline.broken is None:
            self._progress = self._node.env.future()
            await self._progress

    def _on_progress(self) -> None:
        """The pipeline has settled a batch, or has broken."""
        if self._progress is not None:
            if not self._progress.done():
                self._progress.set_result(None)
            self._progress = None
        pipeline = self._pipeline
        assert pipeline is not None
        # A turn that is running ends first; it will find the pipeline broken.
        if pipeline.broken is not None and self._task is None and not self.ended:
            self._end(self._take_queued())

    def _drop_guest(self) -> None:
        if self._guest is not None:
            self._guest.close()
            self._guest = None
            self._instances.gone(self)

    def _take_queued(self) -> list[Message]:
        taken: list[Message] = []
        while (message := self._mailbox.take()) is not None:
            taken.append(message)
        return taken

    def _fail_everything(self, error: KelpieError) -> None:
        running = self._running
        if running is not None and running.stage is Stage.RUNNING:
            running.fail(error)
        for message in self._take_queued():
            message.fail(error)
        if not self.ended:
            self._end([])

    def _end(self, remaining: list[Message]) -> None:
        """The activation is over; `remaining` has not been begun."""
        assert not self.ended
        self.ended = True
        self._drop_guest()
        self._on_end(self, remaining)


def _expired(when: str) -> DeadlineExceeded:
    return DeadlineExceeded(f"the deadline of the request passed {when}: nothing was done")
