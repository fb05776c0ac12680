"""Deploys: which component each kind of actor is, now and before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from kelpie.errors import (
    ComponentTooLarge,
    DeployBreaking,
    KindNotFound,
    KindsFull,
    StoreConflict,
)
from kelpie.ids import check_name
from kelpie.runtime.changes import NO_CHANGES, Changes
from kelpie.runtime.components import Components
from kelpie.runtime.deletion import clear_remains, end_kind, has_remains
from kelpie.runtime.deploy import (
    Deploy,
    changes_between,
    find_deploy,
    read_current,
    read_deploy,
    unpack_number,
    write_deploy,
)
from kelpie.runtime.history import History
from kelpie.runtime.node import Node
from kelpie.store import keyspace
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact
from kelpie.store.tuples import after
from kelpie.wasm.turn import Component, Engine

__all__ = ["Deploys"]

_REMAINS_AT_ONCE = 100


class Deploys:
    """The current deploys, in memory, and their components."""

    def __init__(self, node: Node, engine: Engine) -> None:
        self._node = node
        self._components = Components(node, engine)
        self.history = History(node)
        self._current: dict[tuple[str, str], Deploy] = {}
        self.ended: list[tuple[str, str]] = []
        """Kinds that were found deleted, and not all cleared, when it was opened."""
        # What is current changes in memory in the order in which it did in the store.
        self._changing = asyncio.Lock()

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
            kind, number = keyspace.kind_of(key), unpack_number(key, stored)
            self._current[namespace, kind] = await read_deploy(transaction, namespace, kind, number)
        begin, end = keyspace.remains_in(namespace)
        while rows := await transaction.get_range(begin, end, limit=_REMAINS_AT_ONCE):
            self.ended += [(namespace, keyspace.kind_of(key)) for key, _ in rows]
            begin = after(rows[-1][0])

    async def deploy(
        self, namespace: str, kind: str, upload: bytes, *, strict: bool = False
    ) -> Deploy:
        """Makes the uploaded component, or core module, the current one of its kind.

        Everything or nothing: a component that is refused leaves the current
        one as it was.

        Raises:
            DeployBreaking: `strict`, and it removes or narrows operations.
            InvalidAddress, ComponentError, KindsFull, StoreError
        """
        self._check_upload(namespace, kind, upload)
        component, size = await self._components.add(upload)
        wanted = self._wanted(namespace, kind, component, size)
        # What was deleted under this name is not to be found again.
        await clear_remains(self._node, namespace, kind)
        return await self._make_current(
            namespace, kind, lambda transaction: self._deploy(transaction, wanted, strict)
        )

    async def check(
        self, namespace: str, kind: str, upload: bytes, *, strict: bool = False
    ) -> Deploy:
        """What `deploy` would answer. Nothing is kept; its `number` is that of
        the current deploy, or 0.

        Raises:
            As `deploy`.
        """
        self._check_upload(namespace, kind, upload)
        component, wasm = await self._components.inspect(upload)
        wanted = self._wanted(namespace, kind, component, len(wasm))
        current = self._current.get((namespace, kind))
        if current is None:
            return wanted
        changes = changes_between(current, wanted)
        if strict:
            _check_not_breaking(changes, current)
        changed = current.digest != wanted.digest
        return replace(wanted, number=current.number, changed=changed, changes=changes)

    async def roll_back(self, namespace: str, kind: str, to: int | None = None) -> Deploy:
        """Makes the component of an older version current again, by a new deploy;
        without `to`, that of the newest one with another component.

        Raises:
            VersionNotFound: there is no such version.
            ComponentError: this host refuses what an earlier one accepted.
            KindNotFound, StoreError
        """
        self.current(namespace, kind)
        older = await (
            self.history.before_current(namespace, kind)
            if to is None
            else self.history.version(namespace, kind, to)
        )
        # One that cannot be run is not made current.
        await self._components.get(older.digest)
        wanted = replace(older, number=0, deployed_at_ns=self._node.env.wall_ns())

        async def work(transaction: Transaction) -> Deploy:
            await read_current(transaction, namespace, kind)
            return await self._deploy(transaction, wanted, strict=False)

        return await self._make_current(namespace, kind, work)

    async def end(self, namespace: str, kind: str, *, force: bool) -> None:
        """Ends a kind: nothing of it is loaded or committed any more. What it
        leaves is to be cleared, by `clear_remains`.

        Raises:
            KindInUse: its actors hold data, and it is not done by force.
            KindNotFound, StoreError
        """
        node = self._node

        async def work(transaction: Transaction) -> None:
            await end_kind(transaction, node, namespace, kind, force=force)

        async with self._changing:
            try:
                await transact(node.env, node.store, node.limits, work, repeatable=True)
            except KindNotFound:
                self.current(namespace, kind)  # says more of it
                raise
            self._current.pop((namespace, kind), None)
        self._components.keep_only({each.digest for each in self._current.values()})

    async def component(self, deploy: Deploy) -> Component:
        """The component of a deploy. See `Components.get`."""
        return await self._components.get(deploy.digest)

    async def at(self, namespace: str, kind: str, number: int) -> Deploy:
        """The deploy of this number, which may be newer than the current one here."""
        known = self._current.get((namespace, kind))
        if known is None or known.number != number:
            with reading(self._node.store) as transaction:
                known = await read_deploy(transaction, namespace, kind, number)
        return known

    def _wanted(self, namespace: str, kind: str, component: Component, size: int) -> Deploy:
        return Deploy(
            namespace,
            kind,
            0,
            component.digest,
            size,
            self._node.env.wall_ns(),
            component.manifest,
            component.imports,
            component.batches,
        )

    def _check_upload(self, namespace: str, kind: str, upload: bytes) -> None:
        """What is refused before anything is kept of the upload.

        Raises:
            InvalidAddress, ComponentTooLarge, KindsFull
        """
        limits = self._node.limits
        check_name("namespace", namespace, limits)
        check_name("kind", kind, limits)
        if len(upload) > limits.component_bytes_max:
            raise ComponentTooLarge(
                f"the upload has {len(upload)} bytes; at most "
                f"{limits.component_bytes_max} are allowed"
            )
        count = len(self.all(namespace))
        if (namespace, kind) not in self._current and count >= limits.kinds_max:
            raise _full(namespace, count)

    async def _make_current(
        self, namespace: str, kind: str, work: Callable[[Transaction], Awaitable[Deploy]]
    ) -> Deploy:
        """Runs a transaction that changes what is current, and takes note of it."""
        node = self._node
        async with self._changing:
            deploy = await transact(node.env, node.store, node.limits, work, repeatable=True)
            known = self._current.get((namespace, kind))
            if known is None or known.number < deploy.number:
                self._current[namespace, kind] = replace(deploy, changed=True, changes=NO_CHANGES)
        # Activations that still run an older one hold it themselves.
        self._components.keep_only({each.digest for each in self._current.values()})
        return deploy

    async def _deploy(self, transaction: Transaction, wanted: Deploy, strict: bool) -> Deploy:
        namespace, kind = wanted.namespace, wanted.kind
        kinds = await transaction.get_range(
            *keyspace.current_deploys(namespace), limit=self._node.limits.kinds_max
        )
        current_key = keyspace.current_deploy(namespace, kind)
        stored = await transaction.get(current_key)
        if stored is None:
            if len(kinds) >= self._node.limits.kinds_max:
                raise _full(namespace, len(kinds))
            if await has_remains(transaction, namespace, kind):
                raise StoreConflict(f"the kind {kind!r} is being deleted")
            end_key = keyspace.kind_end(namespace, kind)
            ended = await transaction.get(end_key)
            last = 0 if ended is None else unpack_number(end_key, ended)
            deploy = replace(wanted, number=last + 1)
            write_deploy(transaction, deploy)
            return deploy
        number = unpack_number(current_key, stored)
        current = await read_deploy(transaction, namespace, kind, number)
        if current.digest == wanted.digest:
            if current.deployed_at_ns != wanted.deployed_at_ns:
                return replace(current, changed=False)
            # An earlier attempt of ours, of which nobody knew, has put it there.
            before = await find_deploy(transaction, namespace, kind, number - 1)
            changes = NO_CHANGES if before is None else changes_between(before, wanted)
            return replace(current, changes=changes)
        changes = changes_between(current, wanted)
        if strict:
            _check_not_breaking(changes, current)
        deploy = replace(wanted, number=number + 1, changes=changes)
        write_deploy(transaction, deploy)
        return deploy


def _check_not_breaking(changes: Changes, current: Deploy) -> None:
    breaking = changes.breaking
    if breaking:
        raise DeployBreaking(
            f"against version {current.number} of {current.kind!r}: {'; '.join(breaking)}",
            removed=list(changes.removed),
            narrowed=[each._asdict() for each in changes.narrowed],
            reasons=breaking,
        )


def _full(namespace: str, count: int) -> KindsFull:
    return KindsFull(f"the namespace {namespace!r} has {count} kinds: delete one first")
