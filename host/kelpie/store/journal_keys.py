"""The keys of journals: the rest of `keyspace`.

(k, ns, journal, kind, policy)      what is kept of the turns of a kind
(a, ns, kind, key, jm, ...instance) what is known of an instance without its turns
(a, ns, kind, key, j, ...instance, 0)   what it was made of
(a, ns, kind, key, j, ...instance, n)   turns of it, from the n-th one on

An instance is named by five elements: see `kelpie.journal.flights.FlightId`.
"""

from __future__ import annotations

from kelpie.store.keyspace import KeyRange, chunks_of
from kelpie.store.tuples import Element, children, pack, unpack

__all__ = ["JournalKeys", "is_journal", "journal_policy"]

_INSTANCES, _TURNS = pack("jm"), pack("j")
_ID_ELEMENTS = 5


def journal_policy(namespace: str, kind: str) -> bytes:
    return pack("k", namespace, "journal", kind, "policy")


def is_journal(rest: bytes) -> bool:
    """Whether a key of an actor, without the prefix of all of them, is of its journal."""
    return rest.startswith((_TURNS, _INSTANCES))


class JournalKeys:
    """Those of one actor, whose keys begin with `prefix`."""

    __slots__ = ("_instances", "_turns")

    def __init__(self, prefix: bytes) -> None:
        self._instances = prefix + _INSTANCES
        self._turns = prefix + _TURNS

    def instance(self, instance: tuple[Element, ...]) -> bytes:
        return self._instances + pack(*instance)

    def instances(self, before: tuple[Element, ...] | None = None) -> KeyRange:
        """All of them in the order of their births, or those before this one."""
        begin, end = children(self._instances)
        return begin, end if before is None else self.instance(before)

    def instance_of(self, key: bytes) -> tuple[Element, ...]:
        """The instance for which `instance` made the key."""
        return unpack(key[len(self._instances) :])

    def made_of(self, instance: tuple[Element, ...]) -> bytes:
        return self.turns(instance, 0)

    def turns(self, instance: tuple[Element, ...], first: int) -> bytes:
        """A row of turns, from the `first` one on: they are counted from 1."""
        return self._turns + pack(*instance, first)

    def turns_of(self, instance: tuple[Element, ...]) -> KeyRange:
        """All rows of turns of an instance."""
        _, end = children(self._turns + pack(*instance))
        return self.turns(instance, 1), end

    def first_of(self, key: bytes) -> int:
        """The number for which `turns` made the key."""
        first = unpack(key[len(self._turns) :])[-1]
        assert isinstance(first, int), "the last element of such a key is a number"
        return first

    def all_of(self, instance: tuple[Element, ...]) -> list[KeyRange]:
        """All that is kept of an instance."""
        key, turns = self.instance(instance), self._turns + pack(*instance)
        return [(key, key + b"\0"), children(turns), children(chunks_of(turns))]

    def everything(self) -> list[KeyRange]:
        """The whole journal."""
        turns, instances = self._turns, self._instances
        return [children(turns), children(chunks_of(turns)), children(instances)]
