"""The keys of what actors send each other: the rest of `keyspace`.

(a, ns, kind, key, out, generation, turn, ordinal)  a message that is not yet delivered
(a, ns, kind, key, cur, ns, kind, key)  up to where the messages of a sender are delivered
(a, ns, kind, key, dead, number)        a dead letter, with what it died of
(pend, node, ns, kind, key)             an actor whose outbox holds something
(dead, ns, kind, key)                   an actor that has dead letters
"""

from __future__ import annotations

from kelpie.ids import Address
from kelpie.store.keyspace import KeyRange
from kelpie.store.tuples import children, pack, unpack

__all__ = [
    "MessageKeys",
    "has_dead",
    "is_pending",
    "pending",
    "pending_anywhere",
    "pending_from",
    "receiver_of",
    "sender_of",
    "with_dead",
]

_OUT, _CURSOR, _DEAD = pack("out"), pack("cur"), pack("dead")
_PENDING = pack("pend")


def pending(node: str, sender: Address) -> bytes:
    """Says that an outbox holds something, for this node to deliver."""
    return _PENDING + pack(node, *sender)


def is_pending(key: bytes) -> bool:
    return key.startswith(_PENDING)


def pending_anywhere() -> KeyRange:
    """All actors whose outbox holds something."""
    return children(_PENDING)


def pending_from(key: bytes) -> KeyRange:
    """Those behind one of them."""
    return key + b"\0", children(_PENDING)[1]


def sender_of(key: bytes) -> Address:
    """The actor for which `pending` made the key."""
    namespace, kind, name = map(str, unpack(key)[2:])
    return Address(namespace, kind, name)


def has_dead(receiver: Address) -> bytes:
    """Says that an actor has dead letters."""
    return _DEAD + pack(*receiver)


def with_dead(namespace: str, kind: str | None, after: tuple[str, str] | None) -> KeyRange:
    """The actors of a kind, or of a whole namespace, that have dead letters, by kind
    and key, behind one of them."""
    within = (namespace,) if kind is None else (namespace, kind)
    begin, end = children(_DEAD + pack(*within))
    if after is not None:
        begin = max(begin, has_dead(Address(namespace, *after)) + b"\0")
    return begin, end


def receiver_of(key: bytes) -> Address:
    """The actor for which `has_dead` made the key."""
    namespace, kind, name = map(str, unpack(key)[1:])
    return Address(namespace, kind, name)


class MessageKeys:
    """The keys of one actor's messages."""

    __slots__ = ("_cursors", "_dead", "_out")

    def __init__(self, prefix: bytes) -> None:
        """`prefix` is that of all the actor's keys."""
        self._out = prefix + _OUT
        self._cursors = prefix + _CURSOR
        self._dead = prefix + _DEAD

    def letter(self, generation: int, turn: int, ordinal: int) -> bytes:
        """The order of these keys is that in which the messages were sent."""
        return self._out + pack(generation, turn, ordinal)

    def letter_number(self, key: bytes) -> tuple[int, int, int]:
        """What `letter` made the key of."""
        generation, turn, ordinal = map(int, unpack(key[len(self._out) :]))
        return generation, turn, ordinal

    def is_letter(self, key: bytes) -> bool:
        return key.startswith(self._out)

    def outbox(self) -> KeyRange:
        """All that is not yet delivered, oldest first."""
        return children(self._out)

    def cursor(self, sender: Address) -> bytes:
        return self._cursors + pack(*sender)

    def is_cursor(self, key: bytes) -> bool:
        return key.startswith(self._cursors)

    def dead_letter(self, number: int) -> bytes:
        return self._dead + pack(number)

    def dead_letter_number(self, key: bytes) -> int:
        """The number for which `dead_letter` made the key."""
        return int(unpack(key[len(self._dead) :])[0])

    def dead_letters(self, after: int | None = None) -> KeyRange:
        """Those behind a number, or all; oldest first."""
        begin, end = children(self._dead)
        return (begin if after is None else self.dead_letter(after) + b"\0"), end
