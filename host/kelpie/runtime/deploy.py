"""One deploy of a kind, which is one of its versions, and how the store keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import msgpack

from kelpie.errors import KindNotFound, StoredValueCorrupt
from kelpie.limits import Limits
from kelpie.runtime.changes import NO_CHANGES, Changes, compare
from kelpie.store import keyspace
from kelpie.store.chunks import finish_value, read_value, write_value
from kelpie.store.frame import frame, unframe
from kelpie.store.protocol import Transaction
from kelpie.wasm.turn import Manifest, Operation

__all__ = [
    "Deploy",
    "changes_between",
    "find_deploy",
    "list_deploys",
    "read_current",
    "read_deploy",
    "unpack_number",
    "write_deploy",
]

_ROWS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Deploy:
    """One deploy of a kind. `number` only grows, over all deploys of the kind:
    to go back to an older version is a new deploy of its component."""

    namespace: str
    kind: str
    number: int
    digest: str
    size_bytes: int
    deployed_at_ns: int
    manifest: Manifest
    imports: tuple[str, ...]
    batches: bool = False
    """Whether its actors take batches."""
    changed: bool = True
    """False: the same component was current already, and nothing was done."""
    changes: Changes = NO_CHANGES
    """Against the version that it took the place of. Known to who deployed it."""


def changes_between(before: Deploy, after: Deploy) -> Changes:
    """What callers may notice of a deploy in the place of another."""
    changes = compare(before.manifest, after.manifest)
    return changes._replace(batches_gone=before.batches and not after.batches)


async def read_current(transaction: Transaction, namespace: str, kind: str) -> int:
    """The number of the current deploy, as a transaction sees it.

    Raises:
        KindNotFound, StoreError
    """
    key = keyspace.current_deploy(namespace, kind)
    stored = await transaction.get(key)
    if stored is None:
        raise KindNotFound(f"no component is deployed as {kind!r}", kind=kind)
    return unpack_number(key, stored)


async def read_deploy(transaction: Transaction, namespace: str, kind: str, number: int) -> Deploy:
    """A deploy that must be there.

    Raises:
        StoreError: StoredValueCorrupt if it is not.
    """
    found = await find_deploy(transaction, namespace, kind, number)
    if found is None:
        raise StoredValueCorrupt(f"deploy {number} of {namespace}/{kind} is missing")
    return found


async def find_deploy(
    transaction: Transaction, namespace: str, kind: str, number: int
) -> Deploy | None:
    """Raises:
    StoreError
    """
    body = await read_value(transaction, keyspace.deploy(namespace, kind, number))
    return None if body is None else _unpack(namespace, kind, number, body)


async def list_deploys(
    transaction: Transaction, namespace: str, kind: str, before: int, count: int, limits: Limits
) -> tuple[list[Deploy], bool]:
    """At most `count` deploys with numbers below `before`, newest first, and
    whether there are more. Fewer if they are large: see `versions_page_bytes_max`.

    Raises:
        StoreError
    """
    begin, _ = keyspace.deploys(namespace, kind)
    end = keyspace.deploy(namespace, kind, before)
    found: list[Deploy] = []
    size = 0
    while True:
        rows = await transaction.get_range(
            begin, end, limit=_ROWS_AT_ONCE, reverse=True, snapshot=True
        )
        for key, stored in rows:
            if len(found) == count or size >= limits.versions_page_bytes_max:
                return found, True
            body = await finish_value(transaction, key, stored, snapshot=True)
            size += len(body)
            found.append(_unpack(namespace, kind, keyspace.number_of(key), body))
        if len(rows) < _ROWS_AT_ONCE:
            return found, False
        end = rows[-1][0]


def write_deploy(transaction: Transaction, deploy: Deploy) -> None:
    """Keeps a deploy, and makes it the current one of its kind."""
    namespace, kind, number = deploy.namespace, deploy.kind, deploy.number
    write_value(transaction, keyspace.deploy(namespace, kind, number), _pack(deploy))
    current_key = keyspace.current_deploy(namespace, kind)
    transaction.set(current_key, frame(current_key, msgpack.packb(number)))


def unpack_number(key: bytes, stored: bytes) -> int:
    """The number that is stored at `key`.

    Raises:
        StoredValueCorrupt
    """
    number: int = msgpack.unpackb(unframe(key, stored))
    return number


def _unpack(namespace: str, kind: str, number: int, body: bytes) -> Deploy:
    digest, size, deployed_at_ns, doc, operations, imports, *later = msgpack.unpackb(body)
    listed = [Operation(**each) for each in json.loads(operations)]
    manifest = Manifest(json.loads(doc), {each.name: each for each in listed})
    # What was deployed by a host that knew no batches takes none.
    (batches,) = later or (False,)
    return Deploy(
        namespace, kind, number, digest, size, deployed_at_ns, manifest, tuple(imports), batches
    )


def _pack(deploy: Deploy) -> bytes:
    # As JSON, for that is what it was: not every number and text of it is one
    # that msgpack can hold.
    operations = [each._asdict() for each in deploy.manifest.operations.values()]
    packed: bytes = msgpack.packb(
        (
            deploy.digest,
            deploy.size_bytes,
            deploy.deployed_at_ns,
            json.dumps(deploy.manifest.doc),
            json.dumps(operations),
            deploy.imports,
            deploy.batches,
        )
    )
    return packed
