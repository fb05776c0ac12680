"""Calls between actors, as the simulator sees them: each is a request to whom it asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from kelpie.errors import KelpieError
from kelpie.ids import Address, Payload
from kelpie.runtime.host import Runtime
from kelpie.runtime.node import Node as HostNode
from kelpie.runtime.requests.calls import Calls
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.requests.message import Message
from kelpie.runtime.requests.wait_graph import Wait
from kelpie.sim.cast import Cast
from kelpie.sim.durable import DurableWatch
from kelpie.sim.failure import Failure
from kelpie.sim.faults import Faults
from kelpie.sim.moments import Moments
from kelpie.sim.node import Node
from kelpie.sim.requests import Answer, Attempt, Request
from kelpie.wasm import turn

__all__ = ["CallWatch"]

# Sweeps after its deadline until a call is over at the latest.
_SWEEPS_MAX: Final = 3
_NS_PER_MS: Final = 1_000_000

Submit = Callable[[Envelope], tuple[Message, asyncio.Future[Payload]]]


class CallWatch:
    """Every call of a run, whoever made it."""

    def __init__(
        self, moments: Moments, cast: Cast, faults: Faults, crash: Callable[[Node], None]
    ) -> None:
        self._moments = moments
        self._cast = cast
        self._faults = faults
        self._crash = crash
        self._known: dict[tuple[Address, str], Request] = {}
        self.durable = DurableWatch(moments, faults)
        self.failures: list[Failure] = []

    @property
    def requests(self) -> list[Request]:
        """The calls, as their actors' clients would have asked them."""
        return list(self._known.values())

    def watch(self, runtime: Runtime, node: Node) -> None:
        """From now on the runtime's calls are seen."""
        runtime.reception.calls = _WatchedCalls(
            runtime.node, runtime.reception.calls.submit, self, node
        )

    def check_over(self, runtime: Runtime) -> None:
        """Of a runtime that has stopped."""
        if runtime.reception.calls.waiting:
            self._fail(
                f"{runtime.reception.calls.waiting} calls still wait on a host that has stopped"
            )

    def asked(self, envelope: Envelope, node: Node, begun: int) -> Attempt:
        self.durable.asks(envelope, begun)
        key = envelope.target, envelope.request_id
        request = self._known.get(key)
        if request is None:
            read_only = self._cast.is_read_only(envelope.target, envelope.operation)
            request = self._known[key] = Request(
                envelope.request_id,
                envelope.target,
                envelope.operation,
                envelope.argument,
                read_only,
                recorded=True,
            )
        elif not request.read_only and request.definite():
            self._faults.seen["a call was made again that had been done"] += 1
        attempt = Attempt(node.name, self._moments.next())
        request.attempts.append(attempt)
        return attempt

    def answered(self, attempt: Attempt, answer: Answer) -> None:
        attempt.answered, attempt.answer = self._moments.next(), answer

    def crashes_now(self, envelope: Envelope, node: Node) -> bool:
        """Whether the host dies: the callee's work is durable, and the caller's will not be."""
        if self._cast.is_read_only(envelope.target, envelope.operation):
            return False
        if not self._faults.fires("crash-between-commits"):
            return False
        self._crash(node)
        return True

    def late(self, envelope: Envelope, late_ns: int) -> None:
        self._fail(
            f"a call of {envelope.operation!r} went on {late_ns // _NS_PER_MS} ms "
            "beyond its deadline",
            envelope.target,
        )

    def _fail(self, reason: str, address: Address | None = None) -> None:
        self.failures.append(Failure("calls end", reason, address))


class _WatchedCalls(Calls):
    """The production's, seen by a `CallWatch`."""

    def __init__(self, host: HostNode, submit: Submit, watch: CallWatch, node: Node) -> None:
        super().__init__(host, submit)
        self._watch = watch
        self._life = node
        self._begun: dict[str, int] = {}
        """When the calls began that go on, by their ids."""

    async def ask(
        self,
        caller: Address,
        envelope: Envelope,
        may_leave: Callable[[], Awaitable[bool]],
        in_doubt: KelpieError | None = None,
    ) -> Payload | turn.Failure:
        pauses = self._life.pauses
        self._begun[envelope.request_id] = self._watch.durable.begins(self._life, caller, envelope)
        try:
            return await super().ask(caller, envelope, may_leave, in_doubt)
        finally:
            self._watch.durable.answered(self._life, caller, envelope)
            self._begun.pop(envelope.request_id, None)
            limits, env = self._node.limits, self._node.env
            late_ns = env.monotonic_ns() - envelope.deadline_ns
            punctual = late_ns <= _SWEEPS_MAX * limits.deadline_sweep_ms * _NS_PER_MS
            # Who is paused, or dead, does nothing in time.
            if not punctual and self._life.runs and self._life.pauses == pauses:
                self._watch.late(envelope, late_ns)

    async def _attempt(self, envelope: Envelope, wait: Wait) -> Payload:
        begun = self._begun[envelope.request_id]
        attempt = self._watch.asked(envelope, self._life, begun)
        try:
            reply = await super()._attempt(envelope, wait)
        except KelpieError as error:
            self._watch.answered(attempt, Answer(None, error))
            raise
        self._watch.answered(attempt, Answer(reply, None))
        if self._watch.crashes_now(envelope, self._life):
            # Nothing of a dead node runs again: this is never over.
            await self._node.env.future()
        return reply
