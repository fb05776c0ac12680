"""The keys of durable turns in flight: the rest of `keyspace`.

(a, ns, kind, key, turn, 0)   what the turn in flight of an actor began with
(a, ns, kind, key, turn, n)   its n-th step: host calls with their results
(turns, ns, kind, key)        an actor with a turn in flight, and how far that has come
"""

from __future__ import annotations

from kelpie.ids import Address
from kelpie.store.keyspace import ActorKeys, KeyRange, chunks_of
from kelpie.store.tuples import after, children, pack, unpack

__all__ = ["DurableKeys", "address_in_flight", "in_flight", "in_flight_anywhere", "in_flight_of"]

_TURN = pack("turn")
_IN_FLIGHT = "turns"


def in_flight(address: Address) -> bytes:
    """Says that an actor has a turn in flight."""
    return pack(_IN_FLIGHT, *address)


def in_flight_anywhere(behind: Address | None = None) -> KeyRange:
    """All actors with a turn in flight, or those behind one of them."""
    begin, end = children(pack(_IN_FLIGHT))
    return begin if behind is None else after(in_flight(behind)), end


def in_flight_of(namespace: str, kind: str | None, behind: Address | None = None) -> KeyRange:
    """Those of a namespace, or of one kind in it."""
    of_kind = () if kind is None else (kind,)
    begin, end = children(pack(_IN_FLIGHT, namespace, *of_kind))
    return begin if behind is None else min(end, max(begin, after(in_flight(behind)))), end


def address_in_flight(key: bytes) -> Address:
    """The actor for which `in_flight` made the key."""
    namespace, kind, name = map(str, unpack(key)[1:])
    return Address(namespace, kind, name)


class DurableKeys:
    """Those of one actor."""

    __slots__ = ("_turn", "index")

    def __init__(self, keys: ActorKeys) -> None:
        self._turn = keys.prefix + _TURN
        self.index = in_flight(keys.address)

    @property
    def begun(self) -> bytes:
        return self.step(0)

    def step(self, number: int) -> bytes:
        """They are counted from 1."""
        return self._turn + pack(number)

    def steps(self) -> KeyRange:
        """All steps, in their order."""
        begin, end = children(self._turn)
        return max(begin, self.step(1)), end

    def everything(self) -> list[KeyRange]:
        """All that is kept of the turn, but for its row in the index."""
        return [children(self._turn), children(chunks_of(self._turn))]
