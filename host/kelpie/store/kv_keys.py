"""The keys of an actor's kv: the rest of `keyspace`.

(a, ns, kind, key, kv, k)     an entry of the first generation, which is 0
(a, ns, kind, key, kv, g, k)  an entry of a later one
(left, ns, kind, key)         an actor has entries of generations that are over

A generation ends with the deletion of its actor. Its entries are then nobody's, and
are cleared by and by: see docs/adr/0019.
"""

from __future__ import annotations

from kelpie.ids import Address
from kelpie.store.keyspace import KeyRange, chunks_of
from kelpie.store.tuples import after, children, escape, pack, prefixed, unescape, unpack

__all__ = ["KvKeys", "address_of_left", "entry_bytes_max", "left", "left_anywhere"]

_KV = pack("kv")
_LEFT = "left"
_BYTES_CODE = b"\x01"  # how the tuple layer begins an element of bytes
_GENERATION_BYTES_MAX = 9


def left(address: Address) -> bytes:
    """Says that an actor has entries of generations that are over."""
    return pack(_LEFT, *address)


def left_anywhere(behind: Address | None = None) -> KeyRange:
    """All actors that have such entries, or those behind one of them."""
    begin, end = children(pack(_LEFT))
    return begin if behind is None else after(left(behind)), end


def address_of_left(key: bytes) -> Address:
    """The actor for which `left` made the key."""
    namespace, kind, name = map(str, unpack(key)[1:])
    return Address(namespace, kind, name)


def entry_bytes_max(actor_prefix: bytes, key: bytes) -> int:
    """The length of an entry's key, of whatever generation: never too low."""
    own_bytes = len(_KV) + _GENERATION_BYTES_MAX + len(_BYTES_CODE) + len(escape(key)) + 1
    return len(actor_prefix) + own_bytes


class KvKeys:
    """Those of one generation of an actor's kv."""

    __slots__ = ("_begin", "_family", "generation")

    def __init__(self, actor_prefix: bytes, generation: int) -> None:
        self.generation = generation
        self._family = actor_prefix + _KV
        # As they were before there were generations.
        own = pack(generation) if generation else b""
        self._begin = self._family + own + _BYTES_CODE

    def entry(self, key: bytes) -> bytes:
        """The order of these keys is the order of the bytes of `key`."""
        return self._begin + escape(key) + b"\0"

    def key_of(self, entry: bytes) -> bytes:
        """The kv key for which `entry` made `entry`."""
        return unescape(entry[len(self._begin) : -1])

    def range(
        self, prefix: bytes = b"", after: bytes | None = None, reverse: bool = False
    ) -> KeyRange:
        """The entries whose keys begin with `prefix`, beginning behind `after`
        (`reverse`: before it). It may be empty, never inside out.
        """
        begin, end = prefixed(self._begin + escape(prefix))
        if after is None:
            return begin, end
        at = self.entry(after)
        if reverse:
            return begin, max(begin, min(end, at))
        return min(end, max(begin, at + b"\0")), end

    def chunks(self) -> KeyRange:
        """The chunks of all entries."""
        return prefixed(chunks_of(self._begin))

    def since(self) -> KeyRange:
        """The entries of this generation and of all that follow it."""
        return self._begin, children(self._family)[1]

    def before(self) -> list[KeyRange]:
        """The entries of all generations that are over, and their chunks."""
        families = (self._family, chunks_of(self._family))
        own = self._begin[len(self._family) :]
        return [(children(family)[0], family + own) for family in families]

    def generation_of(self, entry: bytes) -> int:
        """That of an entry of whichever generation of this actor's kv."""
        first = unpack(entry[len(self._family) :])[0]
        return first if isinstance(first, int) else 0

    def all_generations(self) -> KeyRange:
        """The entries of this generation, of those before it and of those to come."""
        return children(self._family)
