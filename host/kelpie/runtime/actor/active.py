"""The actors that are active on this node: which, how many, and who makes room."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice

from kelpie.ids import Address
from kelpie.runtime.actor.activation import Activation
from kelpie.runtime.node import Node

__all__ = ["ActiveActors"]

# At most one actor is added between two looks at the oldest, so looking at a few
# catches up; and none of the looks is long, however many actors are busy.
_LOOKED_AT_ONCE = 8
# So that a host full of idle actors does not write all their releases at once.
_RELEASED_AT_ONCE = 100
_RELEASE_PAUSE_MS = 5

_NS_PER_MS = 1_000_000


class ActiveActors:
    """Every activation of the node, least recently used first.

    Too many of them, or too much state in memory, and the least recently used
    idle ones are released. Busy ones stay: their number is bounded by that of
    the requests that wait.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._activations: OrderedDict[Address, Activation] = OrderedDict()
        self._state_bytes: dict[Activation, int] = {}
        """Of each, as of its last rest."""
        self._state_bytes_total = 0
        self._leaving: set[Activation] = set()

    def __len__(self) -> int:
        return len(self._activations)

    @property
    def state_bytes(self) -> int:
        """State that is held in memory, about."""
        return self._state_bytes_total

    def all(self) -> list[Activation]:
        return list(self._activations.values())

    def get(self, address: Address) -> Activation | None:
        return self._activations.get(address)

    def is_busy(self, address: Address) -> bool:
        """Whether the actor runs a turn, or has one waiting."""
        activation = self._activations.get(address)
        return activation is not None and not activation.idle

    def stop_durable_turn(self, address: Address) -> None:
        """Kills the guest of an actor's durable turn, if it runs: see `Activation`."""
        activation = self._activations.get(address)
        if activation is not None:
            activation.stop_durable_turn()

    def add(self, activation: Activation) -> None:
        self._activations[activation.address] = activation
        self._make_room(activation)

    def used(self, activation: Activation) -> None:
        """A request for it has arrived."""
        self._activations.move_to_end(activation.address)
        activation.used_ns = self._node.env.monotonic_ns()

    def rested(self, activation: Activation) -> None:
        """It has nothing more to run for now."""
        size, before = activation.state_bytes, self._state_bytes.get(activation, 0)
        if size != before:
            self._state_bytes_total += size - before
            self._state_bytes[activation] = size
        if self._crowded():
            self._make_room(activation)

    def remove(self, activation: Activation) -> None:
        """It has ended."""
        del self._activations[activation.address]
        self._state_bytes_total -= self._state_bytes.pop(activation, 0)
        self._leaving.discard(activation)

    async def release_idle(self) -> None:
        """Releases, for ever, the actors that nobody has used for long."""
        env, idle_ms = self._node.env, self._node.limits.actor_idle_ms_max
        while True:
            await env.sleep(idle_ms / 4)
            before_ns = env.monotonic_ns() - idle_ms * _NS_PER_MS
            while self._release_some(before_ns):
                await env.sleep(_RELEASE_PAUSE_MS)

    async def release_kind(self, namespace: str, kind: str) -> None:
        """Releases the idle actors of a kind that was deleted: none of them can
        commit any more. Those that are busy find that out by themselves."""
        of_kind = [each for each in self.all() if each.address[:2] == (namespace, kind)]
        for count, activation in enumerate(of_kind, 1):
            if not activation.ended:
                self._release_if_idle(activation)
            if count % _RELEASED_AT_ONCE == 0:
                await self._node.env.sleep(_RELEASE_PAUSE_MS)

    def _release_some(self, before_ns: int) -> bool:
        """Releases some that were last used before; whether there may be more."""
        for activation in list(islice(self._activations.values(), _RELEASED_AT_ONCE)):
            if activation.used_ns > before_ns:
                return False
            self._release_if_idle(activation)
        return bool(self._activations)

    def _crowded(self) -> bool:
        limits = self._node.limits
        staying = len(self._activations) - len(self._leaving)
        if staying > limits.actors_active_max:
            return True
        if self._state_bytes_total <= limits.actors_state_bytes_max:
            return False
        leaving = sum(self._state_bytes.get(each, 0) for each in self._leaving)
        return self._state_bytes_total - leaving > limits.actors_state_bytes_max

    def _make_room(self, newest: Activation) -> None:
        for activation in list(islice(self._activations.values(), _LOOKED_AT_ONCE)):
            if activation is newest or not self._crowded():
                return
            self._release_if_idle(activation)

    def _release_if_idle(self, activation: Activation) -> None:
        """If it is not idle it is in use: met again when all others were."""
        self.used(activation)
        if activation.idle:
            self._leaving.add(activation)
            activation.release()
