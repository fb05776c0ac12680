"""One deploy of a kind, which is one of its versions, and how the store keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgpack

from kelpie.errors import KindNotFound, StoredValueCorrupt, StoreFormatUnsupported
from kelpie.journal.comparison import Comparison
from kelpie.limits import Limits
from kelpie.runtime.kinds.changes import NO_CHANGES, Changes
from kelpie.store import keyspace
from kelpie.store.chunks import finish_value, read_value, write_value
from kelpie.store.frame import frame, unframe
from kelpie.store.protocol import Transaction
from kelpie.wasm.turn import Manifest, Operation

__all__ = [
    "NO_DIFFERENCES",
    "Deploy",
    "Differences",
    "Names",
    "find_deploy",
    "list_deploys",
    "read_current",
    "read_deploy",
    "unpack_number",
    "write_deploy",
]

_ROWS_AT_ONCE = 20
_FORMAT = 2


class Names(NamedTuple):
    """Of what is set for a kind."""

    added: tuple[str, ...] = ()
    """Those that were set, or set to something else."""
    removed: tuple[str, ...] = ()


class Differences(NamedTuple):
    """What is new in a version, against the one before it."""

    component: bool = False
    grants: bool = False
    config: Names = Names()
    secrets: Names = Names()


NO_DIFFERENCES = Differences()


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
    grants: tuple[str, ...] | None = None
    """The interfaces that it may import; None: all that it imports."""
    configured_at: int = 0
    """The number of the deploy at which what it has set was set; 0: nothing is."""
    differences: Differences = NO_DIFFERENCES
    changed: bool = True
    """False: all that was asked for was current already, and nothing was done."""
    changes: Changes = NO_CHANGES
    """Against the version that it took the place of. Known to who deployed it."""
    shadow: Comparison | None = None
    """What it does with recorded turns, if it was tried on some. Known to who deployed it."""

    @property
    def is_native(self) -> bool:
        """Whether it is no component, but a class of the process."""
        return self.imports == ("native",)

    def runs_as(self, other: Deploy) -> bool:
        """Whether an actor cannot tell one from the other."""
        return (self.digest, self.grants, self.configured_at) == (
            other.digest,
            other.grants,
            other.configured_at,
        )


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
    """A deploy as it is stored, now or by an older version of Kelpie.

    Raises:
        StoreFormatUnsupported: a newer one has written it.
    """
    row = msgpack.unpackb(body)
    # In format 1 the digest was the first.
    version, *members = (1, *row) if isinstance(row[0], str) else row
    if version > _FORMAT:
        raise StoreFormatUnsupported(
            f"deploy {number} of {namespace}/{kind} has format {version}, and this version of "
            f"Kelpie reads format {_FORMAT} and older ones: use the version that wrote it",
            format=version,
        )
    digest, size, deployed_at_ns, doc, operations, imports = members[:6]
    listed = [Operation(**each) for each in json.loads(operations)]
    manifest = Manifest(json.loads(doc), {each.name: each for each in listed})
    deploy = Deploy(namespace, kind, number, digest, size, deployed_at_ns, manifest, tuple(imports))
    if version == 1:
        # Then every version was of another component than the one before.
        return replace(deploy, differences=Differences(component=True))
    batches, grants, configured_at, differences = members[6:]
    return replace(
        deploy,
        batches=batches,
        grants=None if grants is None else tuple(grants),
        configured_at=configured_at,
        differences=_differences(*differences),
    )


def _differences(component: bool, grants: bool, *names: list[list[str]]) -> Differences:
    config, secrets = (Names(*map(tuple, each)) for each in names)
    return Differences(component, grants, config, secrets)


def _pack(deploy: Deploy) -> bytes:
    # As JSON, for that is what it was: not every number and text of it is one
    # that msgpack can hold.
    operations = [each._asdict() for each in deploy.manifest.operations.values()]
    packed: bytes = msgpack.packb(
        (
            _FORMAT,
            deploy.digest,
            deploy.size_bytes,
            deploy.deployed_at_ns,
            json.dumps(deploy.manifest.doc),
            json.dumps(operations),
            deploy.imports,
            deploy.batches,
            deploy.grants,
            deploy.configured_at,
            deploy.differences,
        )
    )
    return packed
