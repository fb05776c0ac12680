"""The keys of components: their bytes, by the SHA-256 of these in hex, and who uses them.

(w, digest)                   a component: its size, its report; present once all chunks are
(w, digest, n)                chunk n of its bytes
(u, digest, ns, kind, number) that a version uses the component; it may be gone
(u)                           present once there is such a row of every version
"""

from __future__ import annotations

from kelpie.store.keyspace import KeyRange
from kelpie.store.tuples import children, pack, unpack

__all__ = [
    "component",
    "component_chunk",
    "component_chunks",
    "component_use",
    "component_uses",
    "component_uses_noted",
    "components_behind",
    "digest_of",
    "user_of",
]


def component(digest: str) -> bytes:
    """The head of a component's bytes."""
    return pack("w", digest)


def component_chunk(digest: str, number: int) -> bytes:
    return pack("w", digest, number)


def component_chunks(digest: str) -> KeyRange:
    return children(pack("w", digest))


def components_behind(digest: str) -> KeyRange:
    """Every key of the components whose digests are greater, in the order of these."""
    return pack("w", digest + "\0"), children(pack("w"))[1]


def digest_of(key: bytes) -> str:
    """The digest of the component to which a key of the `w` family belongs."""
    digest = unpack(key)[1]
    assert isinstance(digest, str), "the second element of such a key is the digest"
    return digest


def component_use(digest: str, namespace: str, kind: str, number: int) -> bytes:
    return pack("u", digest, namespace, kind, number)


def component_uses(digest: str) -> KeyRange:
    """The notes of all versions that use a component, or did."""
    return children(pack("u", digest))


def component_uses_noted() -> bytes:
    return pack("u")


def user_of(key: bytes) -> tuple[str, str, int]:
    """Namespace, kind and number for which `component_use` made the key."""
    _, _, namespace, kind, number = unpack(key)
    assert isinstance(namespace, str)
    assert isinstance(kind, str)
    assert isinstance(number, int)
    return namespace, kind, number
