"""Calls between actors: one asks another and waits, for as long as its deadline lets it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kelpie.env import Env
from kelpie.env.pauses import drawn_pause_ms
from kelpie.errors import (
    ActorFailed,
    ActorOutcomeUnknown,
    ActorRejected,
    ActorUnavailable,
    CallDiverged,
    KelpieError,
    OutcomeUnknown,
    PlatformError,
    RequestMismatch,
)
from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.runtime.node import Node
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.requests.message import Message
from kelpie.runtime.requests.wait_graph import Wait, WaitGraph, told_ring
from kelpie.wasm.turn import Failure

__all__ = ["Calls", "Pauses"]

_NS_PER_MS = 1_000_000

Asked = tuple[Message, asyncio.Future[Payload]]


class Pauses:
    """Pauses between attempts, each twice as long as the one before, until a deadline."""

    __slots__ = ("_deadline_ns", "_env", "_limits", "_pause_ms")

    def __init__(self, env: Env, limits: Limits, deadline_ns: int) -> None:
        self._env = env
        self._limits = limits
        self._deadline_ns = deadline_ns
        self._pause_ms = limits.call_retry_ms

    async def next(self) -> bool:
        """Whether there is time for another attempt, which is now."""
        env = self._env
        pause_ms = drawn_pause_ms(env, self._pause_ms)
        self._pause_ms = min(2 * self._pause_ms, self._limits.call_retry_ms_max)
        if env.monotonic_ns() + pause_ms * _NS_PER_MS >= self._deadline_ns:
            return False
        await env.sleep(pause_ms)
        return True


class Calls:
    """The calls between the actors of a node, and who waits for whom.

    A call is tried again, under the same id, until it is answered or its
    deadline has passed: whoever was asked does it once.
    """

    def __init__(self, node: Node, submit: Callable[[Envelope], Asked]) -> None:
        self._node = node
        self.submit = submit
        self._graph = WaitGraph()

    @property
    def waiting(self) -> int:
        """How many actors wait for another."""
        return len(self._graph)

    async def ask(
        self,
        caller: Address,
        envelope: Envelope,
        may_leave: Callable[[], Awaitable[bool]],
        in_doubt: KelpieError | None = None,
    ) -> Payload | Failure:
        """What comes of a call: the reply, or why there is none.

        It leaves when `may_leave` has returned true; if false is returned it never
        does. `in_doubt` says why it may have been asked before. Cancelled, it leaves
        nothing behind here; what was asked goes on.

        Raises:
            CallDiverged: the same was asked before, and is not the same.
            KelpieError: what `may_leave` raises.
        """
        ring = self._graph.ring(caller, envelope.target)
        if ring:
            return _unknown(in_doubt) if in_doubt is not None else _refused(ring)
        wait = self._graph.add(caller, envelope.target)
        try:
            if await may_leave():
                return await self._until_answered(caller, envelope, wait, in_doubt)
            if in_doubt is not None:
                return _unknown(in_doubt)
            return Failure(
                "unavailable",
                "the host could not make sure in time that it still runs the caller",
            )
        finally:
            self._graph.remove(caller)

    async def _until_answered(
        self, caller: Address, envelope: Envelope, wait: Wait, in_doubt: KelpieError | None
    ) -> Payload | Failure:
        """`in_doubt`: of an earlier attempt that may have been done."""
        node = self._node
        pauses = Pauses(node.env, node.limits, envelope.deadline_ns)
        while True:
            try:
                return await self._attempt(envelope, wait)
            except RequestMismatch as error:
                raise _diverged(envelope) from error
            except ActorRejected as error:
                return Failure("rejected", error.message, error.rejection_code)
            except KelpieError as error:
                failure = error
            if isinstance(failure, OutcomeUnknown):
                in_doubt = failure
            again = failure.retryable and isinstance(failure, PlatformError)
            wait.message = None
            if not again or not await pauses.next():
                return _failure(failure) if in_doubt is None else _unknown(in_doubt, failure)
            # What it was asked to wait for may wait for it by now.
            ring = self._graph.ring(caller, envelope.target)
            if ring:
                return _unknown(in_doubt) if in_doubt is not None else _refused(ring)

    async def _attempt(self, envelope: Envelope, wait: Wait) -> Payload:
        """Raises:
        KelpieError: what came of it.
        """
        wait.message, answer = self.submit(envelope)
        try:
            return await answer
        finally:
            if answer.done() and not answer.cancelled():
                # Also where nobody comes to hear it: the caller was cancelled just now.
                answer.exception()


def _failure(error: KelpieError) -> Failure:
    """What a caller is told of an error of whom it asked: surely not done."""
    if isinstance(error, ActorUnavailable):
        return Failure("unavailable", error.message)
    if isinstance(error, ActorOutcomeUnknown):
        return Failure("unknown", error.message)
    if isinstance(error, ActorFailed):
        return Failure("failed", error.message)
    is_of_host = isinstance(error, PlatformError)
    return Failure("unavailable" if is_of_host else "failed", _told(error))


def _unknown(error: KelpieError, last: KelpieError | None = None) -> Failure:
    """`last`: what it came to when it was asked again."""
    again = "" if last is None or last is error else f"; asked again, it was {_told(last)}"
    return Failure("unknown", f"{_told(error)}{again}")


def _told(error: KelpieError) -> str:
    return f"{error.code}: {error.message}"


def _refused(ring: list[Address]) -> Failure:
    return Failure(
        "failed",
        f"the call would wait for itself: {told_ring(ring)}. Have one of them send instead of call",
    )


def _diverged(envelope: Envelope) -> CallDiverged:
    return CallDiverged(
        f"the turn calls {envelope.operation!r} of {envelope.target} with something else than "
        "before, when the same request was tried: it must depend on nothing but its input and "
        "its state",
        target=str(envelope.target),
        operation=envelope.operation,
    )
