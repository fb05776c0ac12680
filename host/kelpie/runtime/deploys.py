"""Deploys: which component each kind of actor is, now and before."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import msgpack

from kelpie.errors import ComponentTooLarge, KindNotFound, KindsFull, StoredValueCorrupt
from kelpie.ids import check_name
from kelpie.runtime.components import Components
from kelpie.runtime.node import Node
from kelpie.store import keyspace
from kelpie.store.chunks import read_value, write_value
from kelpie.store.frame import frame, unframe
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact
from kelpie.wasm.turn import Component, Engine, Manifest, Operation

__all__ = ["Deploy", "Deploys", "read_current"]


@dataclass(frozen=True, slots=True)
class Deploy:
    """One deploy of a kind. `number` only grows, over all deploys of the kind."""

    namespace: str
    kind: str
    number: int
    digest: str
    size_bytes: int
    deployed_at_ns: int
    manifest: Manifest
    imports: tuple[str, ...]
    changed: bool = True
    """False: the same component was current already, and nothing was done."""


class Deploys:
    """The current deploys, in memory, and their components."""

    def __init__(self, node: Node, engine: Engine) -> None:
        self._node = node
        self._components = Components(node, engine)
        self._current: dict[tuple[str, str], Deploy] = {}

    def current(self, namespace: str, kind: str) -> Deploy:
        """Raises:
        KindNotFound: `details["known"]` names the kinds that are deployed.
        """
        found = self._current.get((namespace, kind))
        if found is None:
            known = [each.kind for each in self.all(namespace)]
            raise KindNotFound(
                f"no component is deployed as {kind!r}: deploy one with "
                f"`kelpie deploy FILE.wasm --name {kind}`",
                kind=kind,
                known=known,
            )
        return found

    def all(self, namespace: str) -> list[Deploy]:
        """The namespace's kinds, by name."""
        return [self._current[key] for key in sorted(self._current) if key[0] == namespace]

    async def open(self) -> None:
        """Reads what is deployed.

        Raises:
            StoreError
        """
        namespace: str | None = None
        while True:
            with reading(self._node.store) as transaction:
                found = await transaction.get_range(*keyspace.deployed_from(namespace), limit=1)
                if not found:
                    return
                namespace = keyspace.namespace_of(found[0][0])
                await self._open_namespace(transaction, namespace)

    async def _open_namespace(self, transaction: Transaction, namespace: str) -> None:
        for key, stored in await transaction.get_range(
            *keyspace.current_deploys(namespace), limit=self._node.limits.kinds_max
        ):
            kind, number = keyspace.kind_of(key), _unpack_number(key, stored)
            self._current[namespace, kind] = await _read(transaction, namespace, kind, number)

    async def deploy(self, namespace: str, kind: str, upload: bytes) -> Deploy:
        """Makes the uploaded component, or core module, the current one of its kind.

        Everything or nothing: a component that is refused leaves the current
        one as it was.

        Raises:
            InvalidAddress, ComponentError, KindsFull, StoreError
        """
        node = self._node
        check_name("namespace", namespace, node.limits)
        check_name("kind", kind, node.limits)
        if len(upload) > node.limits.component_bytes_max:
            raise ComponentTooLarge(
                f"the upload has {len(upload)} bytes; at most "
                f"{node.limits.component_bytes_max} are allowed"
            )
        self._check_room(namespace, kind)
        component, size = await self._components.add(upload)
        wanted = Deploy(
            namespace,
            kind,
            0,
            component.digest,
            size,
            node.env.wall_ns(),
            component.manifest,
            component.imports,
        )

        async def work(transaction: Transaction) -> Deploy:
            return await self._deploy(transaction, wanted)

        deploy = await transact(node.env, node.store, node.limits, work, repeatable=True)
        known = self._current.get((namespace, kind))
        # Of two deploys at once the higher number is current, whoever is told first.
        if known is None or known.number < deploy.number:
            self._current[namespace, kind] = replace(deploy, changed=True)
        # Activations that still run an older one hold it themselves.
        self._components.keep_only({each.digest for each in self._current.values()})
        return deploy

    async def component(self, deploy: Deploy) -> Component:
        """The component of a deploy. See `Components.get`."""
        return await self._components.get(deploy.digest)

    async def at(self, namespace: str, kind: str, number: int) -> Deploy:
        """The deploy of this number, which may be newer than the current one here."""
        known = self._current.get((namespace, kind))
        if known is None or known.number != number:
            with reading(self._node.store) as transaction:
                known = await _read(transaction, namespace, kind, number)
        return known

    def _check_room(self, namespace: str, kind: str) -> None:
        """Raises:
        KindsFull: found before anything is kept of the upload.
        """
        count = len(self.all(namespace))
        if (namespace, kind) not in self._current and count >= self._node.limits.kinds_max:
            raise _full(namespace, count)

    async def _deploy(self, transaction: Transaction, wanted: Deploy) -> Deploy:
        namespace, kind = wanted.namespace, wanted.kind
        kinds = await transaction.get_range(
            *keyspace.current_deploys(namespace), limit=self._node.limits.kinds_max
        )
        current_key = keyspace.current_deploy(namespace, kind)
        stored = await transaction.get(current_key)
        number = 0
        if stored is not None:
            number = _unpack_number(current_key, stored)
            current = await _read(transaction, namespace, kind, number)
            if current.digest == wanted.digest:
                # Unless an earlier attempt of ours, of which nobody knew, put it there.
                changed = current.deployed_at_ns == wanted.deployed_at_ns
                return replace(current, changed=changed)
        elif len(kinds) >= self._node.limits.kinds_max:
            raise _full(namespace, len(kinds))
        deploy = replace(wanted, number=number + 1)
        write_value(transaction, keyspace.deploy(namespace, kind, deploy.number), _pack(deploy))
        transaction.set(current_key, frame(current_key, msgpack.packb(deploy.number)))
        return deploy


def _full(namespace: str, count: int) -> KindsFull:
    return KindsFull(f"the namespace {namespace!r} has {count} kinds: delete one first")


async def read_current(transaction: Transaction, namespace: str, kind: str) -> int:
    """The number of the current deploy, as a transaction sees it.

    Raises:
        KindNotFound, StoreError
    """
    key = keyspace.current_deploy(namespace, kind)
    stored = await transaction.get(key)
    if stored is None:
        raise KindNotFound(f"no component is deployed as {kind!r}", kind=kind)
    return _unpack_number(key, stored)


async def _read(transaction: Transaction, namespace: str, kind: str, number: int) -> Deploy:
    key = keyspace.deploy(namespace, kind, number)
    body = await read_value(transaction, key)
    if body is None:
        raise StoredValueCorrupt(f"deploy {number} of {namespace}/{kind} is missing")
    digest, size, deployed_at_ns, doc, operations, imports = msgpack.unpackb(body)
    listed = [Operation(**each) for each in json.loads(operations)]
    manifest = Manifest(json.loads(doc), {each.name: each for each in listed})
    return Deploy(namespace, kind, number, digest, size, deployed_at_ns, manifest, tuple(imports))


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
        )
    )
    return packed


def _unpack_number(key: bytes, stored: bytes) -> int:
    number: int = msgpack.unpackb(unframe(key, stored))
    return number
