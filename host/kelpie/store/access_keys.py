"""The keys of tokens and of the audit log: the rest of `keyspace`.

(t, name)       a token, by its name
(l, number, id) an entry of the audit log; the id is the host's own
"""

from __future__ import annotations

from kelpie.store.keyspace import KeyRange
from kelpie.store.tuples import children, pack, unpack

__all__ = [
    "audit_entries",
    "audit_entry",
    "audit_number",
    "audit_place",
    "audit_start",
    "token",
    "token_name",
    "tokens",
]


def token(name: str) -> bytes:
    return pack("t", name)


def token_name(key: bytes) -> str:
    """The name for which `token` made the key."""
    name = unpack(key)[1]
    assert isinstance(name, str), "the second element of such a key is the name"
    return name


def tokens() -> KeyRange:
    """All tokens, in the order of their names."""
    return children(pack("t"))


def audit_entry(number: int, entry_id: str) -> bytes:
    return pack("l", number, entry_id)


def audit_place(number: int) -> KeyRange:
    """Where the entry with this number is, whosever it is."""
    return children(pack("l", number))


def audit_start(number: int) -> bytes:
    """Behind the entries with lower numbers, and before this one."""
    return pack("l", number)


def audit_entries() -> KeyRange:
    """The whole audit log, oldest first."""
    return children(pack("l"))


def audit_number(key: bytes) -> int:
    """The number for which `audit_entry` made the key."""
    number = unpack(key)[1]
    assert isinstance(number, int), "the second element of such a key is the number"
    return number
