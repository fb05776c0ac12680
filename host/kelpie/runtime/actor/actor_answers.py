"""Who answers the host calls of an actor's turns."""

from __future__ import annotations

from collections.abc import Awaitable
from hashlib import blake2b

from kelpie.errors import InvalidAddress, KelpieError, OutcomeUnknown, StoreError
from kelpie.ids import Address, Payload
from kelpie.runtime.actor.instance_slot import InstanceSlot
from kelpie.runtime.actor.kv_view import KvView
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.durable.durable_turn import DurableTurn
from kelpie.runtime.kinds.grants import why_out_of_reach
from kelpie.runtime.messaging.desk import ActorDesk
from kelpie.runtime.node import Node
from kelpie.runtime.requests.calls import Calls, Pauses
from kelpie.runtime.requests.envelope import Envelope, principal_of
from kelpie.runtime.requests.message import Message
from kelpie.wasm.schedule import Schedule
from kelpie.wasm.turn import Caller, Failure

__all__ = ["ActorAnswers"]

_NS_PER_MS = 1_000_000
# A caller has at least so many sweeps for the answer to a call that ran out of time.
_SWEEPS = 2


class ActorAnswers(KvView):
    """Answers from the actor's kv, and by asking other actors (`wasm.turn.Answers`)."""

    __slots__ = ("_address", "_calls", "_desk", "_durable", "_message", "_slot", "_unnamed")

    def __init__(
        self, node: Node, pipeline: Pipeline, slot: InstanceSlot, calls: Calls, desk: ActorDesk
    ) -> None:
        keys = pipeline.claim.keys
        super().__init__(node, pipeline)
        self._slot = slot
        self._calls = calls
        self._desk = desk
        self._address = keys.address
        self._message: Message | None = None
        self._durable: DurableTurn | None = None
        self._unnamed = 0

    def turn_begins(self, message: Message, durable: DurableTurn | None) -> None:
        """From now on the turn of this message asks; `durable` if that is what it is."""
        self._message = message
        self._durable = durable
        self._unnamed = 0

    def turn_ends(self) -> None:
        """Nothing is kept of it."""
        self._message = self._durable = None

    def call(
        self, target: Address, operation: str, argument: Payload, key: str | None
    ) -> Failure | Awaitable[Payload | Failure]:
        """Asks another actor. Its id is made of the caller's request, whoever
        asked for that, and of the key, or the number of the call among those of
        the turn that have none: a turn that is run again asks the same."""
        if key is None:
            self._unnamed += 1
        durable = self._durable
        if durable is None:
            assert self._message is not None
            return self._ask(target, operation, argument, key, self._deadline_ns(self._message))
        asked = (target, operation, argument, key)
        return durable.outside("messaging.call", asked, lambda: self._ask_durably(durable, *asked))

    def recalled_call(self, key: str | None) -> None:
        self._unnamed += key is None

    async def _ask_durably(
        self,
        durable: DurableTurn,
        target: Address,
        operation: str,
        argument: Payload,
        key: str | None,
    ) -> Payload | Failure:
        """As `call`. Who waits for the turn, and for how long, does not matter to it."""
        limits, now_ns = self._node.limits, self._node.env.monotonic_ns()
        open_ms = await durable.take_open()
        left_ms = min(limits.durable_call_ms_max, durable.left_ms)
        in_doubt = None
        if open_ms is not None:
            in_doubt = OutcomeUnknown("the host stopped while it was asked before")
            left_ms = min(left_ms, open_ms)
        if left_ms <= 0:
            return Failure(
                "unknown",
                f"the call of {operation!r} of {target} may have been done before the host "
                "stopped, and that was so long ago that nobody knows any more",
            )
        deadline_ns = now_ns + left_ms * _NS_PER_MS
        answer = self._ask(target, operation, argument, key, deadline_ns, in_doubt)
        return answer if isinstance(answer, Failure) else await answer

    def _ask(
        self,
        target: Address,
        operation: str,
        argument: Payload,
        key: str | None,
        deadline_ns: int,
        in_doubt: KelpieError | None = None,
    ) -> Failure | Awaitable[Payload | Failure]:
        message, limits = self._message, self._node.limits
        assert message is not None
        try:
            target = Address.checked(*target, limits)
        except InvalidAddress as error:
            return Failure("failed", f"{error.code}: {error.message}")
        refusal = why_out_of_reach(self._address, self._slot.deploy.grants, target)
        if refusal is not None:
            return Failure("failed", refusal)
        waiting = message.envelope.waiting_actors + 1
        if waiting >= limits.call_chain_actors_max:
            return Failure(
                "failed",
                f"{waiting} actors wait for each other already, the last of them being "
                f"{self._address}; at most {limits.call_chain_actors_max} may, with the one "
                "that is asked (call_chain_actors_max)",
            )
        envelope = Envelope(
            target,
            operation,
            argument,
            _request_id(message.envelope, key, self._unnamed),
            principal_of(self._address, limits),
            True,
            deadline_ns,
            caller=Caller("actor", str(self._address), self._address),
            cause=message.envelope.cause_of("call"),
            waiting_actors=waiting,
        )
        return self._calls.ask(self._address, envelope, lambda: self._may_leave(envelope), in_doubt)

    def refuses_send(
        self, target: Address, letters: int, size: int
    ) -> Failure | Awaitable[Failure | None] | None:
        refusal = why_out_of_reach(self._address, self._slot.deploy.grants, target)
        if refusal is not None:
            return Failure("failed", refusal)
        return self._desk.refuses_send_soon(letters, size)

    def why_never_due(self, schedule: Schedule) -> str | None:
        return self._desk.why_never_due(schedule)

    def reminder_names(self) -> frozenset[str] | Awaitable[frozenset[str]]:
        return self._desk.reminder_names()

    async def _may_leave(self, envelope: Envelope) -> bool:
        """Waits until it may, and says whether that was in time.

        Raises:
            KelpieError: what the turn has seen is void.
        """
        env, deadline_ns = self._node.env, envelope.deadline_ns
        pauses = Pauses(env, self._node.limits, deadline_ns)
        while True:
            left_ms = max(0, deadline_ns - env.monotonic_ns()) / _NS_PER_MS
            try:
                await env.within(left_ms, self._pipeline.departure())
            except TimeoutError:
                return False
            except StoreError:
                if self._pipeline.broken is not None:
                    raise
                if not await pauses.next():
                    return False
            else:
                return True

    def _deadline_ns(self, message: Message) -> int:
        """Earlier than the caller's own, so that it hears of it and can go on."""
        limits = self._node.limits
        left_ns = message.deadline_ns - self._node.env.monotonic_ns()
        margin_ns = max(left_ns // 10, _SWEEPS * limits.deadline_sweep_ms * _NS_PER_MS)
        margin_ns = min(margin_ns, limits.call_margin_ms_max * _NS_PER_MS, left_ns // 2)
        return message.deadline_ns - margin_ns


def _request_id(asked: Envelope, key: str | None, number: int) -> str:
    """The id of a call, of 32 digits: for two calls it is the same only if they
    are in turns of the same request, and at the same place there."""
    place = f"number/{number}" if key is None else f"key/{key}"
    parts = [each.encode() for each in (asked.principal, asked.request_id, place)]
    told = b"".join([len(each).to_bytes(4, "big") + each for each in parts])
    return blake2b(told, digest_size=16).hexdigest()
