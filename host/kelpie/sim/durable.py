"""Durable turns, as the simulator sees them: which of their calls are finished for good.

What is finished is in a step that has landed. From then on, until the turn ends,
nobody may begin to ask it again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kelpie.ids import Address
from kelpie.journal.entries import read_call
from kelpie.runtime.durable.resumption import STEP_VERSION
from kelpie.runtime.requests.envelope import Envelope
from kelpie.sim.failure import Failure
from kelpie.sim.faults import Faults
from kelpie.sim.moments import Moments
from kelpie.sim.node import Node
from kelpie.store.durable_keys import DurableKeys
from kelpie.store.frame import unframe
from kelpie.store.keyspace import ActorKeys
from kelpie.store.memory import CommitRequest
from kelpie.store.rows import unpack_members

__all__ = ["DurableWatch"]

_CALL: Final = "messaging.call"

_Call = tuple[Address, str]
"""Who was asked, and the id of the call."""


class _Finished(NamedTuple):
    caller: Address
    moment: int


class DurableWatch:
    """Every step of every durable turn of a run."""

    def __init__(self, moments: Moments, faults: Faults) -> None:
        self._moments = moments
        self._faults = faults
        self._answered: dict[tuple[str, Address], _Call] = {}
        """The call that an actor was answered last on a node."""
        self._finished: dict[_Call, _Finished] = {}
        self._writers: dict[Address, str] = {}
        """Who wrote the last step of each turn in flight."""
        self.failures: list[Failure] = []

    def begins(self, node: Node, caller: Address, envelope: Envelope) -> int:
        """A call begins; when that is. Its caller has seen what it was answered before."""
        before = self._answered.get((node.name, caller))
        again = before == (envelope.target, envelope.request_id)
        is_durable = self._writers.get(caller) == node.name
        if is_durable and before is not None and not again and before not in self._finished:
            reason = f"{caller} has seen what {before[0]} answered before it was durable"
            self.failures.append(Failure("durable results", reason, caller))
        return self._moments.next()

    def answered(self, node: Node, caller: Address, envelope: Envelope) -> None:
        """A call has ended, whatever came of it."""
        self._answered[node.name, caller] = envelope.target, envelope.request_id

    def asks(self, envelope: Envelope, begun: int) -> None:
        """A call leaves its host that was `begun` at that moment."""
        finished = self._finished.get((envelope.target, envelope.request_id))
        if finished is not None and finished.moment < begun:
            reason = f"{finished.caller} asked {envelope.target} again what it had been answered"
            self.failures.append(Failure("durable calls once", reason, finished.caller))

    def landed(self, node: Node, request: CommitRequest, addresses: list[Address]) -> None:
        """A commit was applied."""
        buffer = request.buffer
        for address in addresses:
            keys = DurableKeys(ActorKeys(address))
            begin, end = keys.everything()[0]
            if any(cleared == begin for cleared, _ in buffer.cleared):
                self._ended(address)
            for key, value in buffer.writes.items():
                if begin <= key < end and key != keys.begun and isinstance(value, bytes):
                    self._step(node, address, key, value)

    def _ended(self, address: Address) -> None:
        self._writers.pop(address, None)
        for node, caller in list(self._answered):
            if caller == address:
                del self._answered[node, caller]
        for call, finished in list(self._finished.items()):
            if finished.caller == address:
                del self._finished[call]

    def _step(self, node: Node, address: Address, key: bytes, stored: bytes) -> None:
        if self._writers.get(address, node.name) != node.name:
            self._faults.seen["a durable turn went on elsewhere"] += 1
        self._writers[address] = node.name
        # Behind the tag of a value that is whole: no step of a simulation is large.
        _, calls = unpack_members(key, unframe(key, stored)[1:], STEP_VERSION, 2)
        if calls and read_call(calls[-1]).name == _CALL:
            call = self._answered.get((node.name, address))
            if call is not None:
                self._finished[call] = _Finished(address, self._moments.next())
