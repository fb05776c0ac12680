"""A durable turn that runs: what it asks of others is answered for good.

The result of each call is durable before the guest sees it, with every host call
before it. So whatever the guest does next depends on nothing that a crash could
take back. See docs/adr/0018.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kelpie.errors import ActorRejected, GuestLimitExceeded
from kelpie.journal.entries import packed_call
from kelpie.journal.resumed import ResumedCalls
from kelpie.journal.values import Packer
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.durable.resumption import STEP_VERSION, Resumption
from kelpie.runtime.node import Node
from kelpie.runtime.requests.message import Message
from kelpie.store.durable_keys import DurableKeys
from kelpie.store.packing import pack_value
from kelpie.wasm.turn import HostCall

__all__ = ["DurableTurn", "turn_expired"]

_NS_PER_MS = 1_000_000
# What they are answered depends on more than the actor holds.
_UNSURE = {"messaging.send", "messaging.send-after", "messaging.request"}

Result = TypeVar("Result")


class DurableTurn:
    """Writes down what a turn is answered, step by step."""

    def __init__(
        self,
        node: Node,
        pipeline: Pipeline,
        message: Message,
        found: Resumption,
        journal: ResumedCalls,
        packer: Packer,
    ) -> None:
        """`found`: how far it had come when it began to run."""
        self._node = node
        self._pipeline = pipeline
        self._message = message
        self._begun, _, self._done, *_ = found
        self._packer = packer
        self._written = journal.recorded
        """How many of its host calls are durable."""
        self._keys = DurableKeys(pipeline.claim.keys)
        self._asked_tick = found.tick if found.steps else None
        """Of a turn that is run again: since when a call may be open."""
        self._steps_before = found.steps
        self.journal = journal
        self.steps = found.steps

    @property
    def has_learned(self) -> bool:
        """Whether it has come further than it had before."""
        return self.steps > self._steps_before

    @property
    def left_ms(self) -> int:
        """Until it is too old; it may be less than nothing."""
        age_ms = (self._node.env.wall_ns() - self._begun.begun_ns) // _NS_PER_MS
        return self._node.limits.durable_turn_age_ms_max - max(0, age_ms)

    async def take_open(self) -> int | None:
        """Whether the call that is asked next may have been asked before a crash:
        for how many more milliseconds whoever is asked still knows, if so. Once."""
        asked_tick, self._asked_tick = self._asked_tick, None
        if asked_tick is None:
            return None
        tick, limits = self._node.tick, self._node.limits
        await tick.refresh()
        ticks = limits.request_record_age_ticks_min - (tick.value - asked_tick)
        return max(0, ticks) * limits.store_tick_ms

    async def outside(
        self,
        name: str,
        arguments: tuple[object, ...],
        ask: Callable[[], Awaitable[Result]],
    ) -> Result:
        """The result of something that goes on outside of the actor, once it is durable.

        Raises:
            GuestLimitExceeded: it is one too many, or too much.
            ActorRejected: the turn is too old.
            KelpieError: it could not be made durable.
        """
        limits = self._node.limits
        if self.left_ms <= 0:
            raise turn_expired(limits.durable_turn_age_ms_max)
        calls_max = limits.durable_turn_calls_max
        if self._done.calls >= calls_max:
            raise _exceeded("durable_turn_calls_max", self._done.calls + 1, calls_max, "calls")
        behind = self.journal[self._written :]
        if not self._message.goes_on or any(call.name in _UNSURE for call in behind):
            await self._write(behind)
        result = await ask()
        behind = self.journal[self._written :]
        await self._write([*behind, HostCall(name, arguments, result)], calls=1)
        return result

    async def _write(self, calls_made: list[HostCall], *, calls: int = 0) -> None:
        """Makes host calls durable; a result comes before its call is in the journal."""
        packed = [packed_call(each, self._packer) for each in calls_made]
        number, keys = self.steps + 1, self._keys
        tick = self._node.tick.value
        rows = {keys.step(number): pack_value((STEP_VERSION, tick, packed))}
        if self.steps == 0:
            rows[keys.begun] = self._begun.stored()
        size = self._done.size + sum(map(len, rows.values()))
        maximum = self._node.limits.durable_turn_bytes_max
        if size > maximum:
            raise _exceeded("durable_turn_bytes_max", size, maximum, "bytes")
        done = self._done._replace(calls=self._done.calls + calls, size=size)
        rows[keys.index] = done.stored()
        # From now on it may be in flight, whatever becomes of this host.
        self._message.goes_on = True
        await self._pipeline.step(number, rows)
        self.steps, self._done = number, done
        self._written += len(calls_made)


def turn_expired(age_ms_max: int) -> ActorRejected:
    """How a durable turn ends that is too old. It is kept as its answer: what it
    called for is no longer known to be done once only."""
    return ActorRejected(
        "turn-expired",
        f"the durable turn did not end within {age_ms_max} ms (durable_turn_age_ms_max): what it "
        "called for stays done, and nothing else of it is kept",
    )


def _exceeded(limit: str, count: int, maximum: int, what: str) -> GuestLimitExceeded:
    return GuestLimitExceeded(
        f"{count} {what} of one durable turn are over its limit of {maximum} ({limit})",
        limit=limit,
        size=count,
        maximum=maximum,
    )
