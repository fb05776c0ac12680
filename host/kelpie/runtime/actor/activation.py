"""One actor on this node: who waits for it, and when it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kelpie.errors import HostFault, KelpieError, Moved, StoreError
from kelpie.ids import Address
from kelpie.runtime.actor.instances import Instances
from kelpie.runtime.actor.loading import load
from kelpie.runtime.actor.mailbox import Mailbox
from kelpie.runtime.actor.turn_runner import TurnRunner
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.durable.cancelling import turn_cancelled
from kelpie.runtime.durable.comes_first import Readmit, comes_first
from kelpie.runtime.kinds.deploys import Deploys
from kelpie.runtime.node import Node
from kelpie.runtime.requests.calls import Calls
from kelpie.runtime.requests.message import Message, Stage

__all__ = ["Activation"]

_NS_PER_MS = 1_000_000


class Activation:
    """Runs the turns of one actor, one at a time, in order of arrival.

    A task lives only while there is something to run; with nothing more to run
    it becomes the one that commits, and what arrives then gets a new one. When
    the claim turns out untrue, or the actor cannot be loaded, the activation
    ends for good and hands what still waits back to whoever made it.
    """

    __slots__ = (
        "_calls",
        "_deploys",
        "_given_up",
        "_instances",
        "_mailbox",
        "_node",
        "_on_end",
        "_on_rest",
        "_progress",
        "_readmit",
        "_runner",
        "_running",
        "_task",
        "_yielded_ns",
        "address",
        "ended",
        "used_ns",
    )

    def __init__(
        self,
        node: Node,
        deploys: Deploys,
        instances: Instances,
        calls: Calls,
        address: Address,
        *,
        readmit: Readmit,
        on_rest: Callable[[Activation], None],
        on_end: Callable[[Activation, list[Message]], None],
    ) -> None:
        self._node = node
        self._deploys = deploys
        self._instances = instances
        self._calls = calls
        self._readmit = readmit
        self._on_rest = on_rest
        self._on_end = on_end
        self._mailbox = Mailbox(node.limits)
        self._runner: TurnRunner | None = None
        self._task: asyncio.Task[None] | None = None
        self._running: Message | None = None
        self._given_up: KelpieError | None = None
        self._yielded_ns = 0
        self._progress: asyncio.Future[None] | None = None
        self.address = address
        self.ended = False
        self.used_ns = 0

    @property
    def idle(self) -> bool:
        """Whether nothing runs, waits, or is being committed."""
        return self._task is None and (self._runner is None or self._runner.pipeline.idle)

    @property
    def queued(self) -> int:
        return len(self._mailbox)

    @property
    def state_bytes(self) -> int:
        """Of the actor's state, which is kept in memory."""
        return 0 if self._runner is None else self._runner.state_bytes

    @property
    def last_error(self) -> KelpieError | None:
        """Of the latest turn that had one."""
        return None if self._runner is None else self._runner.last_error

    def ask(self, message: Message) -> None:
        """Puts a message in line.

        Raises:
            MailboxFull
        """
        assert not self.ended
        self._mailbox.put(message)
        if self._task is None:
            self._task = self._node.env.spawn(self._run(), "activation")

    def give_up(self, message: Message, error: KelpieError) -> None:
        """Answers a message that has not had its turn with an error. If it is
        in the middle of it, its guest is killed."""
        if message.stage is Stage.QUEUED:
            self._mailbox.remove(message)
            message.fail(error)
            return
        assert message is self._running
        assert self._task is not None
        if self._given_up is None:
            # `_turn` answers.
            self._given_up = error
            self._task.cancel()

    def stop_durable_turn(self) -> None:
        """Kills the guest of the durable turn in flight, if it runs, so that who
        waits for its end gets it."""
        running = self._running
        if running is not None and running.goes_on and self._given_up is None:
            assert self._task is not None
            self._given_up = turn_cancelled()
            self._task.cancel()

    def drop_instance(self) -> bool:
        """Drops the instance, unless it is running a turn; whether there was one to drop."""
        return self._runner is not None and self._runner.slot.drop_instance()

    def release(self) -> None:
        """Ends an idle activation, giving up its claim if it holds one.

        What arrives meanwhile waits, and is handed back at the end.
        """
        assert self.idle
        self._task = self._node.env.spawn(self._release(), "release")

    async def close(self) -> None:
        """Ends what runs, whatever it is, and lets go of the instance. Commits
        that are on their way go on."""
        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self.drop_instance()

    async def _release(self) -> None:
        try:
            if self._runner is not None and self._runner.pipeline.claim.names_us:
                await self._runner.pipeline.claim.release()
        except (StoreError, Moved):
            # No harm: the claim stays in the store, and this node will find
            # itself its owner, or another one took it over.
            pass
        finally:
            self._task = None
            self._end(self._take_queued())

    async def _run(self) -> None:
        try:
            await self._run_turns()
        finally:
            self._task = None
            if not self.ended:
                self._on_rest(self)
        pipeline = self._runner.pipeline if self._runner is not None else None
        if pipeline is not None and pipeline.due:
            await pipeline.run()

    async def _run_turns(self) -> None:
        """Runs turns until nobody waits for one, or it is all over."""
        try:
            if self._runner is None:
                self._runner = await load(
                    self._node,
                    self._deploys,
                    self._instances,
                    self._calls,
                    self.address,
                    self._on_progress,
                )
            pipeline = self._runner.pipeline
            self._yielded_ns = self._node.env.monotonic_ns()
            while pipeline.broken is None and self._mailbox:
                if pipeline.due:
                    # There is more to run than the turns to be committed.
                    pipeline.start()
                if pipeline.congested or self._has_run_long():
                    await self._let_others(pipeline)
                    continue
                if not self._runner.durable.pending:
                    message = self._mailbox.take()
                else:
                    message = await comes_first(self._runner, self._mailbox, self._readmit)
                if message is not None:
                    await self._turn(self._runner, message)
            if pipeline.broken is not None:
                self._end(self._take_queued())
        except KelpieError as error:
            # It could not be loaded.
            self._fail_everything(error)
        except BaseException as error:
            # A bug of ours, or the node is being torn down: nobody is left waiting.
            fault = HostFault("the host failed to run the turn: see its log")
            if isinstance(error, Exception) and self._running is not None:
                self._fail_running(fault)
                self._end(self._take_queued())
            else:
                self._fail_everything(fault)
            if self._runner is not None and self._runner.pipeline.due:
                self._runner.pipeline.start()
            raise

    def _has_run_long(self) -> bool:
        """Turns that never wait would keep the loop until the mailbox is empty."""
        run_ns = self._node.env.monotonic_ns() - self._yielded_ns
        return run_ns > self._node.limits.guest_tick_ms * _NS_PER_MS

    async def _let_others(self, pipeline: Pipeline) -> None:
        """Lets others have the loop, and the pipeline go on if it is congested."""
        env = self._node.env
        if pipeline.congested:
            self._progress = env.future()
            await self._progress
        else:
            await env.sleep(0)
        self._yielded_ns = env.monotonic_ns()

    async def _turn(self, runner: TurnRunner, message: Message) -> None:
        """Sees one message through its turn, up to the pipeline."""
        message.stage = Stage.RUNNING
        self._running = message
        try:
            await runner.run(message)
        except asyncio.CancelledError:
            if self._given_up is None:
                raise
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
            if not runner.durable.put_back(self._mailbox, message, None):
                runner.pipeline.meter.failed(self._given_up.code)
                message.fail(self._given_up)
        except KelpieError as error:
            if not runner.durable.put_back(self._mailbox, message, error):
                # The turn did not run, or counts for nothing: there is nothing to wait for.
                message.fail(error)
        self._given_up = None
        self._running = None

    def _on_progress(self) -> None:
        """The pipeline has settled a batch, or has broken."""
        if self._progress is not None:
            if not self._progress.done():
                self._progress.set_result(None)
            self._progress = None
        assert self._runner is not None
        # A turn that is running ends first; it will find the pipeline broken.
        if self._runner.pipeline.broken is not None and self._task is None and not self.ended:
            self._end(self._take_queued())

    def _take_queued(self) -> list[Message]:
        taken: list[Message] = []
        while (message := self._mailbox.take()) is not None:
            taken.append(message)
        return taken

    def _fail_everything(self, error: KelpieError) -> None:
        self._fail_running(error)
        for message in self._take_queued():
            message.fail(error)
        if not self.ended:
            self._end([])

    def _fail_running(self, error: KelpieError) -> None:
        running = self._running
        if running is not None and running.stage is Stage.RUNNING:
            running.fail(error)

    def _end(self, remaining: list[Message]) -> None:
        """The activation is over; `remaining` has not been begun."""
        assert not self.ended
        self.ended = True
        if self._runner is not None:
            self._runner.slot.drop()
            self._runner.pipeline.meter.ended += 1
        self._on_end(self, remaining)
