"""Components: their bytes in the store, and those that are loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from hashlib import sha256

import msgpack

from kelpie.errors import StoredValueCorrupt, TurnsNotFound
from kelpie.runtime.node import Node
from kelpie.store import component_keys
from kelpie.store.frame import frame, unframe
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact
from kelpie.wasm.turn import Component, Engine

__all__ = ["ComponentClearedError", "Components"]

_CHUNKS_AT_ONCE = 40


class ComponentClearedError(Exception):
    """The bytes that were kept for a version to come were cleared before it came, for
    no version used them: they are to be kept again."""


class Components:
    """The components of this node by their digest, loaded when first used."""

    def __init__(self, node: Node, engine: Engine) -> None:
        self._node = node
        self._engine = engine
        self._loaded: dict[str, Component] = {}
        self._loading: dict[str, asyncio.Task[Component]] = {}
        # An upload may take long to compile: one place is for components in use.
        self._uploads = asyncio.Semaphore(max(1, node.limits.component_loads_max - 1))

    async def keep(self, component: Component, wasm: bytes) -> None:
        """Keeps the bytes of a component in the store, for one that is about to be
        deployed: what no version uses is cleared again.

        Raises:
            StoreError, ComponentClearedError
        """
        await _write(self._node, component, wasm)
        self._loaded[component.digest] = component

    async def check_kept(self, transaction: Transaction, digest: str) -> None:
        """For the transaction in which a version comes to use it.

        Raises:
            ComponentClearedError
        """
        if await transaction.get(component_keys.component(digest)) is None:
            raise ComponentClearedError(digest)

    async def inspect(self, upload: bytes) -> tuple[Component, bytes]:
        """Loads an upload, and keeps nothing of it; the component and its bytes.

        Raises:
            ComponentError
        """
        async with self._uploads:
            wasm = await self._engine.componentize(upload)
            return await self._engine.load(wasm), wasm

    async def get(self, digest: str) -> Component:
        """A component that was added once, from the store and the compile cache
        if need be.

        However many ask at once, it is loaded once; and that goes on when those
        who asked have been cancelled, for others will ask again.

        Raises:
            ComponentError: this host refuses what an earlier one accepted.
            StoreError
        """
        loaded = self._loaded.get(digest)
        if loaded is not None:
            return loaded
        loading = self._loading.get(digest)
        if loading is None:
            loading = self._node.env.spawn(self._load(digest), "load")
            self._loading[digest] = loading
            loading.add_done_callback(_hear)
        return await asyncio.shield(loading)

    async def wasm(self, digest: str) -> bytes:
        """The bytes of a component that a version has, or had: those that no version
        has any more are cleared some day.

        Raises:
            TurnsNotFound: they are cleared.
            StoreError
        """
        with reading(self._node.store) as transaction:
            if await transaction.get(component_keys.component(digest)) is None:
                raise TurnsNotFound(
                    f"no version has the component {digest[:12]} any more, and it is not kept: "
                    "without it nothing that it did can be run again"
                )
        return await _read(self._node, digest)

    def keep_only(self, digests: Collection[str]) -> None:
        """Forgets the others. Whoever still runs one of them holds it."""
        self._loaded = {d: c for d, c in self._loaded.items() if d in digests}

    async def _load(self, digest: str) -> Component:
        try:
            wasm = await _read(self._node, digest)
            component = await self._engine.load(wasm, await _read_report(self._node, digest))
            self._loaded[digest] = component
            return component
        finally:
            del self._loading[digest]


def _hear(loading: asyncio.Task[Component]) -> None:
    """If nobody waits for it any more, its failure is nobody's: who asks next tries again."""
    if not loading.cancelled():
        loading.exception()


async def _write(node: Node, component: Component, wasm: bytes) -> None:
    """Stores a component's bytes, its head last: a torn upload is no component.
    One that is there and damaged is stored anew."""
    digest = component.digest
    head_key = component_keys.component(digest)
    head = frame(head_key, msgpack.packb((len(wasm), component.report)))
    if await _is_stored(node, digest, wasm):
        with reading(node.store) as transaction:
            if await transaction.get(head_key) == head:
                return
    size = node.limits.store_chunk_bytes_max
    chunks = [(n, wasm[at : at + size]) for n, at in enumerate(range(0, len(wasm), size))]
    for first in range(0, len(chunks), _CHUNKS_AT_ONCE):

        async def work(transaction: Transaction, first: int = first) -> None:
            for number, chunk in chunks[first : first + _CHUNKS_AT_ONCE]:
                key = component_keys.component_chunk(digest, number)
                transaction.set(key, frame(key, chunk))

        await transact(node.env, node.store, node.limits, work, repeatable=True)

    async def finish(transaction: Transaction) -> None:
        # A head of before may have been found of no use since, and all cleared that was
        # there then. What was written together is there or gone together.
        for number, _ in chunks[::_CHUNKS_AT_ONCE]:
            if await transaction.get(component_keys.component_chunk(digest, number)) is None:
                raise ComponentClearedError(digest)
        transaction.set(head_key, head)

    await transact(node.env, node.store, node.limits, finish, repeatable=True)


async def _is_stored(node: Node, digest: str, wasm: bytes) -> bool:
    """Whether all of a component is there, and whole."""
    head_key = component_keys.component(digest)
    with reading(node.store) as transaction:
        head = await transaction.get(head_key)
    if head is None:
        return False
    try:
        unframe(head_key, head)
        return await _read_chunks(node, digest) == wasm
    except StoredValueCorrupt:
        return False


async def _read_report(node: Node, digest: str) -> bytes:
    """What an inspection found; empty if that is not kept, as by older versions of Kelpie,
    or damaged: it can be found again."""
    key = component_keys.component(digest)
    with reading(node.store) as transaction:
        stored = await transaction.get(key)
    try:
        head = None if stored is None else msgpack.unpackb(unframe(key, stored))
    except StoredValueCorrupt:
        return b""
    return head[1] if isinstance(head, list) else b""


async def _read(node: Node, digest: str) -> bytes:
    wasm = await _read_chunks(node, digest)
    if sha256(wasm).hexdigest() != digest:
        raise StoredValueCorrupt(f"the bytes of component {digest} are damaged: deploy it again")
    return wasm


async def _read_chunks(node: Node, digest: str) -> bytes:
    parts: list[bytes] = []
    begin, end = component_keys.component_chunks(digest)
    while True:
        # They never change, so they need not be of one version.
        with reading(node.store) as transaction:
            rows = await transaction.get_range(begin, end, limit=_CHUNKS_AT_ONCE, snapshot=True)
        parts += [unframe(key, stored) for key, stored in rows]
        if len(rows) < _CHUNKS_AT_ONCE:
            return b"".join(parts)
        begin = rows[-1][0] + b"\0"
