"""The versions of a kind, now and before: each is a deploy that was current once."""

from __future__ import annotations

from kelpie.errors import VersionNotFound
from kelpie.runtime.kinds.deploy import Deploy, find_deploy, list_deploys, read_current, read_deploy
from kelpie.runtime.node import Node
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading

__all__ = ["History", "find_version"]

_LOOKED_AT_ONCE = 20


class History:
    """Reads the versions of kinds from the store."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def version(self, namespace: str, kind: str, number: int) -> Deploy:
        """Raises:
        KindNotFound, VersionNotFound, StoreError
        """
        with reading(self._node.store) as transaction:
            return await find_version(transaction, namespace, kind, number)

    async def page(
        self, namespace: str, kind: str, before: int | None, count: int
    ) -> tuple[list[Deploy], bool]:
        """At most `count` versions with numbers below `before`, newest first,
        and whether there are more. See `list_deploys`.

        Raises:
            KindNotFound, StoreError
        """
        with reading(self._node.store) as transaction:
            current = await read_current(transaction, namespace, kind)
            below = current + 1 if before is None else before
            return await list_deploys(transaction, namespace, kind, below, count, self._node.limits)

    async def before_current(self, namespace: str, kind: str) -> Deploy:
        """The newest version that does not run as the current one does.

        Raises:
            VersionNotFound: there is none.
            KindNotFound, StoreError
        """
        with reading(self._node.store) as transaction:
            number = await read_current(transaction, namespace, kind)
            current = await read_deploy(transaction, namespace, kind, number)
            found = await self._before(transaction, current)
        if found is None:
            raise VersionNotFound(
                f"there is nothing to roll back to: {kind!r} never was anything else",
                kind=kind,
                current=number,
            )
        return found

    async def _before(self, transaction: Transaction, current: Deploy) -> Deploy | None:
        before, more = current.number, True
        while more:
            page, more = await list_deploys(
                transaction,
                current.namespace,
                current.kind,
                before,
                _LOOKED_AT_ONCE,
                self._node.limits,
            )
            for each in page:
                if not each.runs_as(current):
                    return each
                before = each.number
        return None


async def find_version(transaction: Transaction, namespace: str, kind: str, number: int) -> Deploy:
    """A version of a kind that is deployed, as a transaction sees it.

    Raises:
        KindNotFound, VersionNotFound, StoreError
    """
    current = await read_current(transaction, namespace, kind)
    found = await find_deploy(transaction, namespace, kind, number)
    if found is None:
        raise VersionNotFound(
            f"{kind!r} has no version {number}; the current one is {current}",
            kind=kind,
            current=current,
        )
    return found
