"""Deploys: which component each kind of actor is, now and before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Unpack

from kelpie.errors import KindNotFound, StoreError
from kelpie.runtime.kinds.changes import NO_CHANGES
from kelpie.runtime.kinds.component_uses import UnusedComponents
from kelpie.runtime.kinds.components import ComponentClearedError, Components
from kelpie.runtime.kinds.configuration import Change
from kelpie.runtime.kinds.configurations import Configurations
from kelpie.runtime.kinds.deletion import clear_remains, end_kind
from kelpie.runtime.kinds.deploy import Deploy, read_current, read_deploy
from kelpie.runtime.kinds.deployed import read_damaged, read_deployed
from kelpie.runtime.kinds.examination import Examined, check_upload, examine
from kelpie.runtime.kinds.grants import MayReach, check_widened
from kelpie.runtime.kinds.history import History, find_version
from kelpie.runtime.kinds.journal_policies import JournalPolicies
from kelpie.runtime.kinds.succession import (
    Wanted,
    foreseen,
    full,
    reconfigured,
    redeployed,
    succeed,
    told,
)
from kelpie.runtime.kinds.terms import Terms
from kelpie.runtime.node import Node
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact
from kelpie.store.witness import Witness
from kelpie.wasm.kind_configuration import Configuration
from kelpie.wasm.turn import Component, Engine

__all__ = ["Deploys"]


class Deploys:
    """The current deploys, in memory, and their components."""

    def __init__(self, node: Node, engine: Engine) -> None:
        self._node = node
        self.components = Components(node, engine)
        self.history = History(node)
        self._current: dict[tuple[str, str], Deploy] = {}
        self._configurations = Configurations(node)
        self._unused = UnusedComponents(node)
        self.policies = JournalPolicies(node)
        self.ended: list[tuple[str, str]] = []
        """Kinds that were found deleted, and not all cleared, when it was opened."""
        # What is current changes in memory in the order in which it did in the store.
        self._changing = asyncio.Lock()

    def current(self, namespace: str, kind: str) -> Deploy:
        """Raises:
        KindNotFound: `details["known"]` names the kinds that are deployed.
        StoredValueCorrupt, StoreFormatUnsupported: what it is cannot be read.
        """
        found = self._current.get((namespace, kind))
        if found is None:
            self._node.check_kind(namespace, kind)
            known = [each.kind for each in self.all(namespace)]
            raise KindNotFound(
                f"no component is deployed as {kind!r}: deploy one with "
                f"`kelpie deploy FILE.wasm --name {kind}`",
                kind=kind,
                known=known,
            )
        return found

    def all(self, namespace: str | None) -> list[Deploy]:
        """The kinds of the namespace, or of all, by name."""
        keys = sorted(self._current)
        return [self._current[key] for key in keys if namespace is None or key[0] == namespace]

    async def open(self) -> None:
        """Reads what is deployed.

        Raises:
            StoreError
        """
        self._current, self._node.damaged_kinds, self.ended = await read_deployed(self._node)

    async def deploy(
        self, namespace: str, kind: str, upload: bytes, witness: Witness, **terms: Unpack[Terms]
    ) -> Deploy:
        """Makes the uploaded component, or core module, the current one of its kind.

        Everything or nothing: a component that is refused leaves the current
        one as it was. What is set for the kind stays.

        Raises:
            DeployBreaking: it is strict, and it removes or narrows operations.
            ImportsNotGranted: it imports more than it is granted.
            InvalidAddress, ComponentError, KindsFull, StoreError; and as `may_reach`.
        """
        component, wasm, wanted, shadow = await self._examine(namespace, kind, upload, terms)
        # Refused now, it leaves nothing behind.
        foreseen(self._current.get((namespace, kind)), wanted, terms)
        # What was deleted under this name is not to be found again.
        await clear_remains(self._node, namespace, kind)

        async def derive(current: Deploy | None) -> Wanted:
            return Wanted(redeployed(current, wanted, terms))

        async def work(transaction: Transaction) -> Deploy:
            await self.components.check_kept(transaction, component.digest)
            strict = terms.get("strict", False)
            return await succeed(transaction, self._node, namespace, kind, derive, strict=strict)

        while True:
            try:
                await self.components.keep(component, wasm)
                return replace(await self._make_current(witness, work), shadow=shadow)
            except ComponentClearedError:
                # By whoever cleared the last version that had it, just before.
                continue

    async def clear_unused(self) -> None:
        """Clears the bytes of components that no version uses, now and for ever."""
        await self._unused.keep_clearing(self._current.values)

    async def check(
        self, namespace: str, kind: str, upload: bytes, **terms: Unpack[Terms]
    ) -> Deploy:
        """What `deploy` would answer, or raise. Nothing is kept; its `number` is that
        of the current deploy, or 0."""
        _, _, wanted, shadow = await self._examine(namespace, kind, upload, terms)
        current = self._current.get((namespace, kind))
        return replace(foreseen(current, wanted, terms), shadow=shadow)

    async def roll_back(
        self, namespace: str, kind: str, to: int | None, witness: Witness, may_reach: MayReach
    ) -> Deploy:
        """Makes an older version current again, by a new deploy: its component, its
        grants, and what was set for it; without `to`, the newest that differs. `may_reach`
        is asked of namespaces that the current version does not reach.

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
        await self.components.get(older.digest)
        wanted = Wanted(replace(older, number=0, deployed_at_ns=self._node.env.wall_ns()))

        async def derive(current: Deploy | None) -> Wanted:
            before = None if current is None else current.grants
            check_widened(before, older.grants, may_reach)
            return wanted

        async def work(transaction: Transaction) -> Deploy:
            # The kind may have been deleted, and deployed anew, since.
            await find_version(transaction, namespace, kind, older.number)
            return await succeed(transaction, self._node, namespace, kind, derive)

        return await self._make_current(witness, work)

    async def configure(
        self, namespace: str, kind: str, change: Change, witness: Witness
    ) -> Deploy:
        """Sets and unsets what actors of the kind read, by a new deploy of the
        component that is current.

        Raises:
            ConfigurationFull: it would be too much.
            KindNotFound, StoreError
        """
        self.current(namespace, kind)
        node, now_ns = self._node, self._node.env.wall_ns()

        async def work(transaction: Transaction) -> Deploy:
            await read_current(transaction, namespace, kind)

            async def derive(current: Deploy | None) -> Wanted:
                return await reconfigured(transaction, node, current, change, now_ns)

            return await succeed(transaction, node, namespace, kind, derive)

        return await self._make_current(witness, work)

    async def end(self, namespace: str, kind: str, witness: Witness, *, force: bool) -> None:
        """Ends a kind: nothing of it is loaded or committed any more. What it
        leaves is to be cleared, by `clear_remains`.

        Raises:
            KindInUse: its actors hold data, and it is not done by force.
            KindNotFound, StoreError
        """
        node = self._node

        async def work(transaction: Transaction) -> None:
            await end_kind(transaction, node, namespace, kind, force=force)
            await witness(transaction, "with all that its actors hold" if force else "")

        async with self._changing:
            try:
                await transact(node.env, node.store, node.limits, work, repeatable=True)
            except KindNotFound:
                self.current(namespace, kind)  # says more of it
                raise
            self._current.pop((namespace, kind), None)
            self.policies.forget(namespace, kind)
            self._node.damaged_kinds.pop((namespace, kind), None)
        self._forget_others()

    async def clear_remains(self, namespace: str, kind: str) -> int:
        """Clears what a kind has left that was ended; of how many actors.

        Raises:
            StoreError: the rest stays for the next time.
        """
        actors = await clear_remains(self._node, namespace, kind)
        self._unused.may_be_more()
        return actors

    async def read_damaged(self) -> None:
        """Reads again, for ever, the kinds that could not be read."""
        node = self._node
        while True:
            await node.env.sleep(node.limits.damaged_kind_rest_ms)
            for each in list(node.damaged_kinds):
                async with self._changing:
                    try:
                        deploy = await read_damaged(node, *each)
                    except (KindNotFound, StoreError):
                        continue
                    if deploy is not None:
                        self._note(deploy)

    async def component(self, deploy: Deploy) -> Component:
        """The component of a deploy. See `Components.get`."""
        return await self.components.get(deploy.digest)

    async def configuration(self, deploy: Deploy) -> Configuration:
        """What is set for a deploy. See `Configurations.get`."""
        return await self._configurations.get(deploy)

    async def at(self, namespace: str, kind: str, number: int) -> Deploy:
        """The deploy of this number, which may be newer than the current one here."""
        known = self._current.get((namespace, kind))
        if known is None or known.number != number:
            with reading(self._node.store) as transaction:
                known = await read_deploy(transaction, namespace, kind, number)
        return known

    async def _examine(self, namespace: str, kind: str, upload: bytes, terms: Terms) -> Examined:
        """See `examine`. Kinds that are too many are refused before it."""
        check_upload(namespace, kind, upload, self._node.limits)
        count = len(self.all(namespace))
        if (namespace, kind) not in self._current and count >= self._node.limits.kinds_max:
            raise full(namespace, count)
        return await examine(self._node, self.components, namespace, kind, upload, terms)

    async def _make_current(
        self, witness: Witness, make: Callable[[Transaction], Awaitable[Deploy]]
    ) -> Deploy:
        """Runs a transaction that may change what is current, and takes note of it."""
        node = self._node

        async def work(transaction: Transaction) -> Deploy:
            deploy = await make(transaction)
            if deploy.changed:
                await witness(transaction, told(deploy))
            return deploy

        async with self._changing:
            deploy = await transact(node.env, node.store, node.limits, work, repeatable=True)
            self._note(deploy)
        self._forget_others()
        # The oldest version may be gone.
        self._unused.may_be_more(deploy)
        return deploy

    def _note(self, deploy: Deploy) -> None:
        """It is current, if none that is newer is known."""
        name = (deploy.namespace, deploy.kind)
        known = self._current.get(name)
        if known is None or known.number < deploy.number:
            self._current[name] = replace(deploy, changed=True, changes=NO_CHANGES)
        self._node.damaged_kinds.pop(name, None)

    def _forget_others(self) -> None:
        """Forgets what is not current. Activations that still run it hold it themselves."""
        current = self._current.values()
        self.components.keep_only({each.digest for each in current})
        self._configurations.keep_only(current)
