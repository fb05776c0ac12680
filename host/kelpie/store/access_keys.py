"""The keys of tokens and of the audit log: the rest of `keyspace`.

(t, name)       a token, by its name
(l, number)     an entry of the audit log
"""

from __future__ import annotations

from kelpie.store.keyspace import KeyRange
from kelpie.store.tuples import children, pack, unpack

__all__ = ["audit_entries", "audit_entry", "audit_number", "token", "tokens"]


def token(name: str) -> bytes:
    return pack("t", name)


def tokens() -> KeyRange:
    """All tokens, in the order of their names."""
    return children(pack("t"))


def audit_entry(number: int) -> bytes:
    return pack("l", number)


def audit_entries() -> KeyRange:
    """The whole audit log, oldest first."""
    return children(pack("l"))


def audit_number(key: bytes) -> int:
    """The number for which `audit_entry` made the key."""
    number = unpack(key)[-1]
    assert isinstance(number, int), "the last element of such a key is the number"
    return number
