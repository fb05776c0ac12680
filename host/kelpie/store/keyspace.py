"""Every key of the store. No other file makes one, but `access_keys`, `component_keys`,
`kv_keys`, `message_keys`, `due_keys`, `journal_keys` and `durable_keys`.

Keys are packed tuples (see `tuples`), values are framed (see `frame`), and a
value too large for one key has its bytes in the `c` family (see `chunks`).

    (format)                      the format version of the whole store
    (tick)                        the store-wide tick: a number, for the age of records
    (secret)                      what the entropy of every turn is made from
    (h, node, fence)              the node's incarnation; written at its birth and its death
    (h, node, hb)                 its heartbeat: a counter, without a frame
    (a, ns, kind, key, own)       epoch, node, incarnation, number of the deploy
    (a, ns, kind, key, seq)       number of the last commit, and its last request
    (a, ns, kind, key, st)        state
    (a, ns, kind, key, rq, principal, id)   the record of a request
    (a, ns, kind, key, rqt, tick, seq)      the requests that commit `seq` recorded in `tick`
    (k, ns, current, kind)        number of the current deploy of a kind
    (k, ns, deploy, kind, number) one deploy
    (k, ns, ended, kind)          number of its last deploy when the kind was deleted; stays
    (k, ns, remains, kind)        the same number, until all that belonged to it is cleared
    (c, ...key, n)                chunk n of the large value at `key`
"""

from __future__ import annotations

from functools import lru_cache

from kelpie.ids import Address
from kelpie.store.tuples import children, escape, pack, prefixed, unpack

__all__ = [
    "ActorKeys",
    "KeyRange",
    "actors_of",
    "address_of",
    "chunks_of",
    "configuration",
    "current_deploy",
    "current_deploys",
    "deploy",
    "deployed_from",
    "deploys",
    "entropy_secret",
    "everything_of",
    "has_frame",
    "kind_end",
    "kind_of",
    "kind_remains",
    "namespace_of",
    "node_fence",
    "node_heartbeat",
    "number_of",
    "remains_in",
    "store_format",
    "tick",
]

KeyRange = tuple[bytes, bytes]
"""First key, and the first key behind the last."""

_CHUNKS = pack("c")
_NODES, _HEARTBEAT = pack("h"), pack("hb")
_OWN, _SEQ, _STATE = pack("own"), pack("seq"), pack("st")
_RECORDS, _TICKS = pack("rq"), pack("rqt")
_STR_CODE = b"\x02"  # how the tuple layer begins an element of text
# Whose keys are kept: each activation asks for some of its kind.
_KINDS = 1_024


def store_format() -> bytes:
    return pack("format")


def tick() -> bytes:
    return pack("tick")


def entropy_secret() -> bytes:
    return pack("secret")


def node_fence(node: str) -> bytes:
    return _NODES + pack(node, "fence")


def node_heartbeat(node: str) -> bytes:
    """A counter: it has no frame, for it is added to."""
    return _NODES + pack(node) + _HEARTBEAT


def has_frame(key: bytes) -> bool:
    """Whether the value of a key is framed: all are, but for counters, and for
    what a backend notes for itself behind all keys."""
    is_counter = key.startswith(_NODES) and key.endswith(_HEARTBEAT)
    return not is_counter and key < b"\xff"


@lru_cache(_KINDS)
def current_deploy(namespace: str, kind: str) -> bytes:
    return pack("k", namespace, "current", kind)


def current_deploys(namespace: str) -> KeyRange:
    """The current deploys of all kinds of a namespace, in the order of their names."""
    return children(pack("k", namespace, "current"))


def deployed_from(namespace: str | None) -> KeyRange:
    """Everything deployed in the namespaces behind this one, or in all of them."""
    begin, end = children(pack("k"))
    return (begin if namespace is None else children(pack("k", namespace))[1]), end


def namespace_of(key: bytes) -> str:
    """The namespace of a key in `deployed_from`."""
    namespace = unpack(key)[1]
    assert isinstance(namespace, str), "the second element of such a key is the namespace"
    return namespace


def kind_of(key: bytes) -> str:
    """The kind for which `current_deploy` or `kind_remains` made the key."""
    kind = unpack(key)[-1]
    assert isinstance(kind, str), "the last element of such a key is the kind"
    return kind


def deploy(namespace: str, kind: str, number: int) -> bytes:
    return pack("k", namespace, "deploy", kind, number)


def deploys(namespace: str, kind: str) -> KeyRange:
    """All deploys of a kind, oldest first."""
    return children(pack("k", namespace, "deploy", kind))


def configuration(namespace: str, kind: str, number: int) -> bytes:
    """What is set for a kind since the deploy of this number."""
    return pack("k", namespace, "configuration", kind, number)


@lru_cache(_KINDS)
def kind_end(namespace: str, kind: str) -> bytes:
    """Changes whenever the kind is deleted, and at no other time."""
    return pack("k", namespace, "ended", kind)


def kind_remains(namespace: str, kind: str) -> bytes:
    return pack("k", namespace, "remains", kind)


def remains_in(namespace: str) -> KeyRange:
    """The kinds of a namespace that were deleted, and are not all cleared."""
    return children(pack("k", namespace, "remains"))


def everything_of(namespace: str, kind: str) -> list[KeyRange]:
    """All that belongs to a kind: its actors, its deploys, what was set for it, and
    their chunks."""
    prefixes = (
        pack("a", namespace, kind),
        pack("k", namespace, "deploy", kind),
        pack("k", namespace, "configuration", kind),
        pack("k", namespace, "journal", kind),
        pack("dead", namespace, kind),
        pack("turns", namespace, kind),
        pack("left", namespace, kind),
    )
    return [children(each) for prefix in prefixes for each in (prefix, chunks_of(prefix))]


def number_of(key: bytes) -> int:
    """The number for which `deploy` made the key."""
    number = unpack(key)[-1]
    assert isinstance(number, int), "the last element of such a key is the number"
    return number


def chunks_of(key: bytes) -> bytes:
    """The prefix of the chunks of the value at `key`.

    They are a family of their own, so that a range of values reads only those.
    """
    return _CHUNKS + key


def actors_of(namespace: str, kind: str, prefix: str = "", after: str | None = None) -> KeyRange:
    """Every key, but for chunks, of the actors of a kind whose keys begin with `prefix`, in the
    order of the UTF-8 of their keys, beginning behind the actor `after`. It may
    be empty, never inside out.
    """
    begin, end = prefixed(pack("a", namespace, kind) + _STR_CODE + escape(prefix.encode()))
    if after is not None:
        behind = ActorKeys(Address(namespace, kind, after)).everything()[1]
        begin = min(end, max(begin, behind))
    return begin, end


def address_of(key: bytes) -> Address:
    """The actor to which a key of the `a` family belongs."""
    family, namespace, kind, name = unpack(key)[:4]
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
        "_records",
        "_ticks",
        "address",
        "own",
        "prefix",
        "seq",
        "state",
    )

    def __init__(self, address: Address) -> None:
        self.address = address
        self.prefix = prefix = pack("a", *address)
        self.own = prefix + _OWN
        self.seq = prefix + _SEQ
        self.state = prefix + _STATE
        self._records = prefix + _RECORDS
        self._ticks = prefix + _TICKS

    def everything(self) -> KeyRange:
        """Every key of the actor but its chunks."""
        return children(self.prefix)

    def chunks(self) -> KeyRange:
        """The chunks of all its values."""
        return children(chunks_of(self.prefix))

    def record(self, principal: str, request_id: str) -> bytes:
        """The record of a request, by who asked it and its id."""
        # What `pack` makes of two strings, for this is done twice in every turn.
        who, which = escape(principal.encode()), escape(request_id.encode())
        return self._records + b"\x02" + who + b"\0\x02" + which + b"\0"

    def all_records(self) -> KeyRange:
        """The records of all requests, but for chunks."""
        return children(self._records)

    def record_index(self, tick: int, seq: int) -> bytes:
        """Names the requests that commit `seq` recorded in `tick`: trimming reads it."""
        return self._ticks + pack(tick, seq)

    def record_index_range(self, before: int) -> KeyRange:
        """The index of the records of all ticks before `before`, oldest first."""
        return self._ticks + b"\0", self._ticks + pack(before)

    def record_index_since(self, tick: int) -> KeyRange:
        """... of the tick and all behind it."""
        return self._ticks + pack(tick), children(self._ticks)[1]
