"""Every key of the store. No other file makes one.

Keys are packed tuples (see `tuples`); values are framed (see `frame`) unless
said otherwise.

    (format)                        the format version of the whole store
    (entropy)                       the secret from which guests' randomness is made
    (tick)                          the store-wide tick: a number, for the age of records
    (h, node, fence)                the node's incarnation; written at its birth and its death
    (h, node, hb)                   its heartbeat: a counter without a frame
    (a, ns, kind, key, own)         epoch, node, incarnation, number of the deploy
    (a, ns, kind, key, seq)         number of the last commit, and its last request
    (a, ns, kind, key, st)          state; larger ones in chunks at (..., st, 0), (..., st, 1), ...
    (a, ns, kind, key, kv, k)       an entry of kv, or the head of a large one
    (a, ns, kind, key, kvc, k, n)   chunk n of a large entry, apart so that listings skip it
    (a, ns, kind, key, rq, principal, id)   the record of a request
    (a, ns, kind, key, rqt, tick, seq)      the requests that commit seq recorded in this tick
    (k, ns, current, kind)          number of the current deploy of a kind
    (k, ns, deploy, kind, number)   one deploy
    (w, digest)                     size of a component; present once all chunks are
    (w, digest, n)                  chunk n of its bytes
"""

from __future__ import annotations

from kelpie.ids import Address
from kelpie.store.tuples import Element, children, escape, pack, prefixed, unescape, unpack

__all__ = [
    "ENTROPY",
    "FORMAT",
    "TICK",
    "ActorKeys",
    "actor_of",
    "component",
    "component_chunks",
    "current_deploy",
    "current_deploys",
    "deploy",
    "deploys",
    "fence",
    "heartbeat",
    "kind_of",
]

FORMAT = pack("format")
TICK = pack("tick")
ENTROPY = pack("entropy")

_Range = tuple[bytes, bytes]


def fence(node: str) -> bytes:
    """The incarnation of a node."""
    return pack("h", node, "fence")


def heartbeat(node: str) -> bytes:
    """The heartbeat counter of a node. Its value has no frame: it is added to."""
    return pack("h", node, "hb")


def current_deploy(namespace: str, kind: str) -> bytes:
    return pack("k", namespace, "current", kind)


def current_deploys(namespace: str) -> _Range:
    """The current deploys of all kinds of a namespace, in the order of their names."""
    return children(pack("k", namespace, "current"))


def kind_of(current: bytes) -> str:
    """The kind whose key `current_deploy` made."""
    kind = unpack(current)[-1]
    assert isinstance(kind, str), "the last element of such a key is the kind"
    return kind


def deploy(namespace: str, kind: str, number: int) -> bytes:
    return pack("k", namespace, "deploy", kind, number)


def deploys(namespace: str, kind: str) -> _Range:
    """All deploys of a kind, oldest first."""
    return children(pack("k", namespace, "deploy", kind))


def component(digest: str) -> bytes:
    """The head of a component's bytes, by their SHA-256 in hex."""
    return pack("w", digest)


def component_chunks(digest: str) -> bytes:
    """The prefix of its chunks."""
    return pack("w", digest)


def actor_of(key: bytes) -> Address:
    """The actor to which a key of the `a` family belongs."""
    elements: tuple[Element, ...] = unpack(key)
    family, namespace, kind, name = elements[:4]
    assert family == "a", "this is no key of an actor"
    assert isinstance(namespace, str)
    assert isinstance(kind, str)
    assert isinstance(name, str)
    return Address(namespace, kind, name)


class ActorKeys:
    """The keys of one actor, made once per activation.

    The methods only append to prefixes that were packed before, so they cost a
    fraction of a microsecond.
    """

    __slots__ = (
        "_kv_begin",
        "_kv_chunks_begin",
        "kv",
        "kv_chunks",
        "own",
        "request_ticks",
        "requests",
        "seq",
        "state",
    )

    def __init__(self, address: Address) -> None:
        prefix = pack("a", *address)
        self.own = prefix + pack("own")
        self.seq = prefix + pack("seq")
        self.state = prefix + pack("st")
        """Head of the state, and prefix of its chunks."""
        self.kv = prefix + pack("kv")
        self.kv_chunks = prefix + pack("kvc")
        self.requests = prefix + pack("rq")
        self.request_ticks = prefix + pack("rqt")
        self._kv_begin = self.kv + b"\x01"  # the tuple layer's code for bytes
        self._kv_chunks_begin = self.kv_chunks + b"\x01"

    def kv_entry(self, key: bytes) -> bytes:
        """Where the kv entry `key` is, or the head of a large one.

        The order of these keys is the order of the bytes of `key`.
        """
        return self._kv_begin + escape(key) + b"\0"

    def kv_entry_chunks(self, key: bytes) -> bytes:
        """The prefix of the chunks of a large kv entry."""
        return self._kv_chunks_begin + escape(key) + b"\0"

    def kv_key(self, entry: bytes) -> bytes:
        """The kv key for which `kv_entry` made `entry`."""
        return unescape(entry[len(self._kv_begin) : -1])

    def kv_range(self, prefix: bytes, after: bytes | None, reverse: bool) -> _Range:
        """The entries whose keys begin with `prefix`, beginning behind `after`.

        Behind means before it in order if `reverse`. The range may be empty,
        with its end before its begin.
        """
        begin, end = prefixed(self._kv_begin + escape(prefix))
        if after is None:
            return begin, end
        at = self.kv_entry(after)
        return (begin, min(end, at)) if reverse else (max(begin, at + b"\0"), end)

    def request(self, principal: str, request_id: str) -> bytes:
        """The record of a request, by who asked it and its id."""
        return self.requests + pack(principal, request_id)

    def request_tick(self, tick: int, seq: int) -> bytes:
        """The list of requests that commit `seq` recorded in `tick`: what trimming reads."""
        return self.request_ticks + pack(tick, seq)

    def request_ticks_before(self, tick: int) -> _Range:
        """The lists of requests recorded before `tick`, oldest first."""
        return self.request_ticks + b"\0", self.request_ticks + pack(tick)
