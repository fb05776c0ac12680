"""The keys of what actors do later: the rest of `keyspace`.

(a, ns, kind, key, later, generation, turn, ordinal)  a message that is sent when it is due
(a, ns, kind, key, rm, name)                          a reminder
(due, bucket, time, ns, kind, key, rm|later, ...)     when each of them is due, in milliseconds

The buckets part what is due, by actor, so that several may look for it.
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

from kelpie.ids import Address
from kelpie.store.keyspace import ActorKeys, KeyRange
from kelpie.store.tuples import children, pack, unpack

__all__ = [
    "Due",
    "all_delayed",
    "all_due",
    "bucket_end",
    "delayed",
    "due",
    "due_at",
    "is_due",
    "is_reminder",
    "reminder",
    "reminder_name",
    "reminders",
]

_BUCKETS = 16  # What is stored depends on it.

_DUE, _LATER, _REMINDERS = pack("due"), pack("later"), pack("rm")


class Due(NamedTuple):
    """What one row of the index says."""

    at_ms: int
    address: Address
    row: bytes
    """The key of what is due."""
    is_reminder: bool


def delayed(keys: ActorKeys, generation: int, turn: int, ordinal: int) -> bytes:
    return keys.prefix + _LATER + pack(generation, turn, ordinal)


def all_delayed(keys: ActorKeys) -> KeyRange:
    """All messages of an actor that are not yet due."""
    return children(keys.prefix + _LATER)


def reminder(keys: ActorKeys, name: str) -> bytes:
    return keys.prefix + _REMINDERS + pack(name)


def reminders(keys: ActorKeys) -> KeyRange:
    """All reminders of an actor, in the order of their names."""
    return children(keys.prefix + _REMINDERS)


def is_reminder(keys: ActorKeys, key: bytes) -> bool:
    return key.startswith(keys.prefix + _REMINDERS)


def reminder_name(keys: ActorKeys, key: bytes) -> str:
    """The name for which `reminder` made the key."""
    return str(unpack(key[len(keys.prefix) + len(_REMINDERS) :])[0])


def due_at(keys: ActorKeys, row: bytes, at_ms: int) -> bytes:
    """The row of the index for a message or a reminder that is due then."""
    bucket = crc32(keys.prefix) % _BUCKETS
    # What follows the family in the actor's keys: its address, and what it is.
    return _DUE + pack(bucket, at_ms) + row[len(pack("a")) :]


def all_due() -> KeyRange:
    """The whole index: bucket by bucket, each in the order of its times."""
    return children(_DUE)


def bucket_end(key: bytes) -> bytes:
    """The end of the bucket in which `due_at` put the key."""
    _, bucket, *_rest = unpack(key)
    return children(_DUE + pack(bucket))[1]


def is_due(key: bytes) -> bool:
    return key.startswith(_DUE)


def due(key: bytes) -> Due:
    """What `due_at` made the key of."""
    _, bucket, at_ms, namespace, kind, name, family, *_rest = unpack(key)
    assert isinstance(bucket, int)
    assert isinstance(at_ms, int)
    head = _DUE + pack(bucket, at_ms)
    address = Address(str(namespace), str(kind), str(name))
    return Due(at_ms, address, pack("a") + key[len(head) :], family == "rm")
