"""What is deployed on a store, read when a host starts."""

from __future__ import annotations

import logging
from typing import NamedTuple

from kelpie.errors import Unreadable
from kelpie.runtime.kinds.deploy import Deploy, read_current, read_deploy
from kelpie.runtime.node import Node
from kelpie.store import keyspace
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.tuples import after

__all__ = ["Deployed", "read_damaged", "read_deployed"]

_REMAINS_AT_ONCE = 100

_log = logging.getLogger("kelpie")


class Deployed(NamedTuple):
    """All kinds of all namespaces."""

    current: dict[tuple[str, str], Deploy]
    damaged: dict[tuple[str, str], Unreadable]
    """Why what is current of these kinds is not known. The others are served."""
    ended: list[tuple[str, str]]
    """Those that were deleted, and are not all cleared."""


async def read_deployed(node: Node) -> Deployed:
    """
    Raises:
        StoreError
    """
    found = Deployed({}, {}, [])
    namespace: str | None = None
    while True:
        with reading(node.store) as transaction:
            rows = await transaction.get_range(*keyspace.deployed_from(namespace), limit=1)
            if not rows:
                return found
            namespace = keyspace.namespace_of(rows[0][0])
            await _read_namespace(transaction, namespace, node.limits.kinds_max, found)


async def read_damaged(node: Node, namespace: str, kind: str) -> Deploy | None:
    """What is current of a kind that could not be read, or None if it still cannot:
    of damage nobody knows that it stays.

    Raises:
        KindNotFound: it was deleted since.
        StoreError
    """
    with reading(node.store) as transaction:
        try:
            found = await _read_current(transaction, namespace, kind)
        except Unreadable as error:
            node.damaged_kinds[namespace, kind] = error
            return None
    _log.warning("the kind %s/%s can be read again, and is served", namespace, kind)
    return found


async def _read_current(transaction: Transaction, namespace: str, kind: str) -> Deploy:
    number = await read_current(transaction, namespace, kind)
    return await read_deploy(transaction, namespace, kind, number)


async def _read_namespace(
    transaction: Transaction, namespace: str, kinds_max: int, found: Deployed
) -> None:
    current = keyspace.current_deploys(namespace)
    for key, _ in await transaction.get_range(*current, limit=kinds_max):
        kind = keyspace.kind_of(key)
        try:
            deploy = await _read_current(transaction, namespace, kind)
        except Unreadable as error:
            _log.error("the kind %s/%s is not served: %s", namespace, kind, error.message)
            found.damaged[namespace, kind] = error
        else:
            found.current[namespace, kind] = deploy
    begin, end = keyspace.remains_in(namespace)
    while rows := await transaction.get_range(begin, end, limit=_REMAINS_AT_ONCE):
        found.ended.extend((namespace, keyspace.kind_of(key)) for key, _ in rows)
        begin = after(rows[-1][0])
