"""The way between clients and nodes: slow, lossy, and sometimes double."""

from __future__ import annotations

import asyncio
from typing import Final

from kelpie.errors import KelpieError
from kelpie.runtime.requests.envelope import Envelope
from kelpie.sim.faults import Faults
from kelpie.sim.fleet import Incarnation
from kelpie.sim.loop import SimLoop
from kelpie.sim.moments import Moments
from kelpie.sim.requests import Answer, Attempt, Request
from kelpie.sim.tape import Tape
from kelpie.sim.trace import Trace, brief

__all__ = ["Network"]

_NS_A_SECOND: Final = 1e9
_LATENCY_NS_MAX: Final = 3_000_000
_DELAY_NS_MAX: Final = 800_000_000
_PRINCIPAL: Final = "simulated"


class Network:
    """Carries requests to incarnations, and what leaves them to whoever asked."""

    def __init__(
        self, loop: SimLoop, tape: Tape, faults: Faults, trace: Trace, moments: Moments
    ) -> None:
        self._loop = loop
        self._tape = tape
        self._faults = faults
        self._trace = trace
        self._moments = moments

    def ask(
        self,
        request: Request,
        target: Incarnation,
        deadline_ms: int,
        heard: asyncio.Future[Answer],
    ) -> None:
        """Sends a request. The answer, if it ever comes, is set in `heard`."""
        # One without an id of the client's would be two requests.
        repeatable = request.recorded or request.read_only
        copies = 2 if repeatable and self._faults.fires("request-doubled") else 1
        for _ in range(copies):
            attempt = Attempt(target.node.name)
            request.attempts.append(attempt)
            if not self._faults.fires("request-lost"):
                self._later(self._deliver, request, attempt, target, deadline_ms, heard)

    def _deliver(
        self,
        request: Request,
        attempt: Attempt,
        target: Incarnation,
        deadline_ms: int,
        heard: asyncio.Future[Answer],
    ) -> None:
        if target.node.dead:
            return
        attempt.delivered = self._moments.next()
        self._trace.event(f"to {attempt.node}", (request.id, attempt.delivered))
        work = self._serve(request, attempt, target, deadline_ms, heard)
        self._loop.spawn(target.node, work, "serve")

    async def _serve(
        self,
        request: Request,
        attempt: Attempt,
        target: Incarnation,
        deadline_ms: int,
        heard: asyncio.Future[Answer],
    ) -> None:
        """On the node: what its front door does."""
        envelope = Envelope(
            target=request.address,
            operation="" if request.is_batch else request.operation,
            argument=request.argument,
            request_id=request.id,
            principal=_PRINCIPAL,
            recorded=request.recorded,
            deadline_ns=target.env.monotonic_ns() + deadline_ms * 1_000_000,
            deletes=request.deletes,
            is_batch=request.is_batch,
        )
        try:
            answer = Answer(await target.runtime.invoke(envelope), None)
        except KelpieError as error:
            answer = Answer(None, error)
        attempt.answered, attempt.answer = self._moments.next(), answer
        if request.deletes and answer.error is None:
            self._faults.seen["a deletion was answered"] += 1
        said = None if answer.reply is None else brief(answer.reply.data)
        code = None if answer.error is None else answer.error.code
        self._trace.event(f"from {attempt.node}", (request.id, attempt.answered, said, code))
        if not self._faults.fires("reply-lost"):
            self._later(_hear, heard, answer)

    def _later(self, work: object, *arguments: object) -> None:
        assert callable(work)
        delay = self._tape.draw("latency/network", _LATENCY_NS_MAX)
        if self._faults.fires("message-delayed"):
            delay += self._tape.draw("delay/network", _DELAY_NS_MAX)
        # What was sent is on its way, whatever becomes of the sender.
        context = self._loop.world.context.copy()
        self._loop.call_later(delay / _NS_A_SECOND, work, *arguments, context=context)


def _hear(heard: asyncio.Future[Answer], answer: Answer) -> None:
    if not heard.done():
        heard.set_result(answer)
