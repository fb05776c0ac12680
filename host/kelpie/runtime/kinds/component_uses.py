"""Which versions use a component; the bytes of one that none uses are cleared.

A version notes its use in the transaction that makes it, under the component's
digest. Nobody takes the note away with the version: whoever clears looks whether
the version is there still. Nothing is cleared before there is a note of every
version, for older formats of the store made none. See docs/adr/0006.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from kelpie.errors import StoreError
from kelpie.runtime.kinds.deploy import Deploy, list_deploys
from kelpie.runtime.kinds.trimming import trim_bytes
from kelpie.runtime.node import Node
from kelpie.store import component_keys, keyspace
from kelpie.store.frame import frame
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact

__all__ = ["UnusedComponents", "note_use"]

_log = logging.getLogger("kelpie")

_VERSIONS_AT_ONCE = 100
_USES_AT_ONCE = 100


def note_use(transaction: Transaction, deploy: Deploy) -> None:
    """Notes that a version uses its component."""
    key = component_keys.component_use(deploy.digest, deploy.namespace, deploy.kind, deploy.number)
    transaction.set(key, frame(key, b""))


class UnusedComponents:
    """Clears the components that no version uses any more, beside all else."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._due: asyncio.Future[None] | None = None
        self._grown: set[tuple[str, str]] = set()

    def may_be_more(self, grown: Deploy | None = None) -> None:
        """Versions are gone, or a kind has one more: looks again, soon."""
        if grown is not None:
            self._grown.add((grown.namespace, grown.kind))
        if self._due is not None and not self._due.done():
            self._due.set_result(None)

    async def keep_clearing(self, current: Callable[[], Iterable[Deploy]]) -> None:
        """Clears them, for ever. `current` gives what is current of every kind that
        can be read.

        What cannot be read or written now is left until the next time.
        """
        while True:
            self._due = self._node.env.future()
            try:
                await self._trim_grown()
                if await self._all_noted(current):
                    await self._clear()
            except StoreError as error:
                _log.warning("components that nobody uses stay for now: %s", error.message)
            await self._due

    async def _trim_grown(self) -> None:
        """Takes from kinds that have one version more what is more than they may have."""
        while self._grown:
            await trim_bytes(self._node, *self._grown.pop())

    async def _all_noted(self, current: Callable[[], Iterable[Deploy]]) -> bool:
        """Whether there is a note of every version; makes those that older formats did not.

        Raises:
            StoreError: that of a version is not known, for it cannot be read.
        """
        node, done_key = self._node, component_keys.component_uses_noted()
        with reading(node.store) as transaction:
            if await transaction.get(done_key) is not None:
                return True
        if node.damaged_kinds:
            return False
        for each in list(current()):
            await self._note_versions(each)

        async def finish(transaction: Transaction) -> None:
            transaction.set(done_key, frame(done_key, b""))

        await transact(node.env, node.store, node.limits, finish, repeatable=True)
        return True

    async def _note_versions(self, newest: Deploy) -> None:
        node, before, more = self._node, newest.number + 1, True
        while more:
            with reading(node.store) as transaction:
                page, more = await list_deploys(
                    transaction,
                    newest.namespace,
                    newest.kind,
                    before,
                    _VERSIONS_AT_ONCE,
                    node.limits,
                )

            async def note(transaction: Transaction, page: list[Deploy] = page) -> None:
                for each in page:
                    note_use(transaction, each)

            await transact(node.env, node.store, node.limits, note, repeatable=True)
            if page:
                before = page[-1].number

    async def _clear(self) -> None:
        """Looks at every component there is."""
        node, after = self._node, ""
        while True:
            with reading(node.store) as transaction:
                rows = await transaction.get_range(
                    *component_keys.components_behind(after), limit=1, snapshot=True
                )
            if not rows:
                return
            after = component_keys.digest_of(rows[0][0])
            while await self._look_at(after):
                pass
            await node.env.sleep(0)

    async def _look_at(self, digest: str) -> bool:
        """Clears a component that is not used; whether there is more to look at."""

        async def work(transaction: Transaction) -> bool:
            head_key = component_keys.component(digest)
            if await transaction.get(head_key) is None:
                # It is being uploaded, or such an upload came to nothing.
                return False
            # All that is read here is among the conflicts: a version that comes to
            # use it notes that first, and looks whether the head is there.
            uses = await transaction.get_range(
                *component_keys.component_uses(digest), limit=_USES_AT_ONCE
            )
            for key, _ in uses:
                if await transaction.get(keyspace.deploy(*component_keys.user_of(key))) is not None:
                    return False
                transaction.clear(key)
            if len(uses) == _USES_AT_ONCE:
                return True
            transaction.clear(head_key)
            transaction.clear_range(*component_keys.component_chunks(digest))
            return False

        node = self._node
        return await transact(node.env, node.store, node.limits, work, repeatable=True)
