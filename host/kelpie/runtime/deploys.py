"""Deploys: which component each kind of actor is, now and before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

import msgpack

from kelpie.errors import ComponentTooLarge, KindNotFound, KindsFull, StoredValueCorrupt
from kelpie.ids import check_name
from kelpie.runtime.node import Node
from kelpie.store import keyspace
from kelpie.store.chunks import read_value, write_value
from kelpie.store.frame import frame, unframe
from kelpie.store.protocol import Transaction
from kelpie.store.retry import transact
from kelpie.wasm.turn import Component, Engine, Manifest, Operation

__all__ = ["Deploy", "Deploys", "read_current"]

_COMPONENT_CHUNKS_AT_ONCE = 40


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
    """The current deploys, in memory, and their components, loaded when first used."""

    def __init__(self, node: Node, engine: Engine) -> None:
        self._node = node
        self._engine = engine
        self._current: dict[tuple[str, str], Deploy] = {}
        self._components: dict[str, Component] = {}

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
            transaction = self._node.store.transaction()
            found = await transaction.get_range(*keyspace.deployed_from(namespace), limit=1)
            if not found:
                return
            namespace = keyspace.namespace_of(found[0][0])
            limit = self._node.limits.kinds_max
            for key, stored in await transaction.get_range(
                *keyspace.current_deploys(namespace), limit=limit
            ):
                kind, number = keyspace.kind_of(key), _unpack_number(key, stored)
                deploy = await _read(transaction, namespace, kind, number)
                self._current[namespace, kind] = deploy

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
        wasm = await self._engine.componentize(upload)
        component = await self._engine.load(wasm)
        await _write_bytes(node, component.digest, wasm)

        async def work(transaction: Transaction) -> Deploy:
            return await self._deploy(transaction, namespace, kind, component, len(wasm))

        deploy = await transact(node.env, node.store, node.limits, work)
        self._components[component.digest] = component
        known = self._current.get((namespace, kind))
        # Of two deploys at once the higher number is current, whoever is told first.
        if known is None or known.number < deploy.number:
            self._current[namespace, kind] = replace(deploy, changed=True)
        self._forget_unused()
        return deploy

    async def component(self, deploy: Deploy) -> Component:
        """The component of a deploy, from the store and the compile cache if need be.

        Raises:
            ComponentError: this host refuses what an earlier one accepted.
            StoreError
        """
        known = self._components.get(deploy.digest)
        if known is None:
            wasm = await _read_bytes(self._node, deploy.digest)
            known = await self._engine.load(wasm)
            self._components[deploy.digest] = known
        return known

    async def at(self, namespace: str, kind: str, number: int) -> Deploy:
        """The deploy of this number, which may be newer than the current one here."""
        known = self._current.get((namespace, kind))
        if known is None or known.number != number:
            transaction = self._node.store.transaction()
            known = await _read(transaction, namespace, kind, number)
        return known

    async def _deploy(
        self, transaction: Transaction, namespace: str, kind: str, component: Component, size: int
    ) -> Deploy:
        kinds = await transaction.get_range(
            *keyspace.current_deploys(namespace), limit=self._node.limits.kinds_max
        )
        current_key = keyspace.current_deploy(namespace, kind)
        stored = await transaction.get(current_key)
        number = 0
        if stored is not None:
            number = _unpack_number(current_key, stored)
            current = await _read(transaction, namespace, kind, number)
            if current.digest == component.digest:
                return replace(current, changed=False)
        elif len(kinds) >= self._node.limits.kinds_max:
            raise KindsFull(f"the namespace {namespace!r} has {len(kinds)} kinds: delete one first")
        deploy = Deploy(
            namespace,
            kind,
            number + 1,
            component.digest,
            size,
            self._node.env.wall_ns(),
            component.manifest,
            component.imports,
        )
        write_value(transaction, keyspace.deploy(namespace, kind, deploy.number), _pack(deploy))
        transaction.set(current_key, frame(current_key, msgpack.packb(deploy.number)))
        return deploy

    def _forget_unused(self) -> None:
        used = {deploy.digest for deploy in self._current.values()}
        # Activations that still run an older one hold it themselves.
        self._components = {d: c for d, c in self._components.items() if d in used}


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
    manifest = Manifest(doc, {each[0]: Operation(*each) for each in operations})
    return Deploy(namespace, kind, number, digest, size, deployed_at_ns, manifest, tuple(imports))


def _pack(deploy: Deploy) -> bytes:
    manifest = deploy.manifest
    packed: bytes = msgpack.packb(
        (
            deploy.digest,
            deploy.size_bytes,
            deploy.deployed_at_ns,
            manifest.doc,
            list(manifest.operations.values()),
            deploy.imports,
        )
    )
    return packed


def _unpack_number(key: bytes, stored: bytes) -> int:
    number: int = msgpack.unpackb(unframe(key, stored))
    return number


async def _write_bytes(node: Node, digest: str, wasm: bytes) -> None:
    """Stores a component's bytes, its head last: a torn upload is no component."""
    head_key = keyspace.component(digest)
    if await node.store.transaction().get(head_key) is not None:
        return
    size = node.limits.store_chunk_bytes_max
    chunks = [(n, wasm[at : at + size]) for n, at in enumerate(range(0, len(wasm), size))]
    for first in range(0, len(chunks), _COMPONENT_CHUNKS_AT_ONCE):

        async def work(transaction: Transaction, first: int = first) -> None:
            for number, chunk in chunks[first : first + _COMPONENT_CHUNKS_AT_ONCE]:
                key = keyspace.component_chunk(digest, number)
                transaction.set(key, frame(key, chunk))

        await transact(node.env, node.store, node.limits, work)

    async def finish(transaction: Transaction) -> None:
        transaction.set(head_key, frame(head_key, msgpack.packb(len(wasm))))

    await transact(node.env, node.store, node.limits, finish)


async def _read_bytes(node: Node, digest: str) -> bytes:
    parts: list[bytes] = []
    begin, end = keyspace.component_chunks(digest)
    while True:
        rows = await node.store.transaction().get_range(
            begin, end, limit=_COMPONENT_CHUNKS_AT_ONCE, snapshot=True
        )
        parts += [unframe(key, stored) for key, stored in rows]
        if len(rows) < _COMPONENT_CHUNKS_AT_ONCE:
            break
        begin = rows[-1][0] + b"\0"
    wasm = b"".join(parts)
    if sha256(wasm).hexdigest() != digest:
        raise StoredValueCorrupt(f"the bytes of component {digest} are damaged: deploy it again")
    return wasm
