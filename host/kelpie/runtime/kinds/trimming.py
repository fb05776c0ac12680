"""Old versions of a kind go, so that whoever deploys often fills no disk with them.

How many there are is known from their numbers, and those beyond it go in the transaction
that makes another. How many bytes they have is not: that is looked up behind it.
"""

from __future__ import annotations

import logging

from kelpie.errors import KindNotFound
from kelpie.limits import Limits
from kelpie.runtime.kinds.deploy import (
    Deploy,
    find_deploy,
    list_deploys,
    read_current,
    read_deploy,
)
from kelpie.runtime.node import Node
from kelpie.store import keyspace
from kelpie.store.chunks import clear_value
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact

__all__ = ["trim_bytes", "trim_versions"]

_log = logging.getLogger("kelpie")

# A kind with more than it may have, from an older version of Kelpie, loses them by and by.
_TRIMMED_AT_ONCE = 10
_LOOKED_AT_ONCE = 100


async def trim_versions(transaction: Transaction, newest: Deploy, limits: Limits) -> None:
    """Clears versions that are older than the newest `versions_max`, and what was set
    for them if none that stays has it still. In the transaction that writes `newest`.

    Raises:
        StoreError
    """
    oldest = newest.number - limits.versions_max + 1
    if oldest > 1:
        await _clear_below(transaction, newest, oldest, limits)


async def trim_bytes(node: Node, namespace: str, kind: str) -> None:
    """Clears the oldest versions of a kind while the components of all of them, each
    counted once, have more than `versions_bytes_max`; but never the current one, nor
    the one before.

    Raises:
        StoreError: what is left goes the next time.
    """
    with reading(node.store) as transaction:
        oldest = await _oldest_that_fits(transaction, node, namespace, kind)
    gone: list[int] = []

    async def work(transaction: Transaction) -> list[int]:
        # Read anew, as a conflict: it may have what was set for one that goes.
        number = await read_current(transaction, namespace, kind)
        newest = await read_deploy(transaction, namespace, kind, number)
        return await _clear_below(transaction, newest, oldest, node.limits)

    while oldest > 1:
        try:
            some = await transact(node.env, node.store, node.limits, work, repeatable=True)
        except KindNotFound:
            break
        gone += some
        if not some:
            break
    if gone:
        _log.info(
            "%s/%s: the versions before %d are gone: the components of all had more than %d "
            "bytes (versions_bytes_max)",
            namespace,
            kind,
            oldest,
            node.limits.versions_bytes_max,
        )


async def _oldest_that_fits(transaction: Transaction, node: Node, namespace: str, kind: str) -> int:
    """The number of the oldest version that stays; 1 if all do."""
    limits, digests, size = node.limits, set[str](), 0
    begin, end = keyspace.deploys(namespace, kind)
    newest = await transaction.get_range(begin, end, limit=1, reverse=True, snapshot=True)
    if not newest:
        return 1
    number = keyspace.number_of(newest[0][0])
    before, stays, more = number + 1, number + 1, True
    while more:
        page, more = await list_deploys(
            transaction, namespace, kind, before, _LOOKED_AT_ONCE, limits
        )
        for each in page:
            before = each.number
            if each.digest not in digests:
                digests.add(each.digest)
                size += each.size_bytes
            if size > limits.versions_bytes_max and before < number - 1:
                return stays
            stays = before
        await node.env.sleep(0)
    return 1


async def _clear_below(
    transaction: Transaction, newest: Deploy, oldest: int, limits: Limits
) -> list[int]:
    """Clears some of the versions before `oldest`, the oldest first, and what was set for
    those alone. Which; if there are more, they go the next time. `newest` is current."""
    namespace, kind = newest.namespace, newest.kind
    begin, _ = keyspace.deploys(namespace, kind)
    end = keyspace.deploy(namespace, kind, oldest)
    rows = await transaction.get_range(begin, end, limit=_TRIMMED_AT_ONCE, snapshot=True)
    if not rows:
        return []
    numbers = [keyspace.number_of(key) for key, _ in rows]
    gone = [await find_deploy(transaction, namespace, kind, number) for number in numbers]
    after = await find_deploy(transaction, namespace, kind, numbers[-1] + 1)
    for number in numbers:
        clear_value(transaction, keyspace.deploy(namespace, kind, number))
    unsure = {each.configured_at for each in gone if each is not None} - {0, newest.configured_at}
    if after is not None:
        # Nearly always the next one has it too, and nothing need be looked for.
        unsure.discard(after.configured_at)
    if unsure:
        unsure -= await _configured_at(transaction, newest, numbers[-1], limits)
    for number in unsure:
        clear_value(transaction, keyspace.configuration(namespace, kind, number))
    return numbers


async def _configured_at(
    transaction: Transaction, newest: Deploy, last_gone: int, limits: Limits
) -> set[int]:
    """The versions at which was set what is set for those that stay."""
    found: set[int] = set()
    before, more = newest.number, True
    while more:
        page, more = await list_deploys(
            transaction, newest.namespace, newest.kind, before, _LOOKED_AT_ONCE, limits
        )
        for each in page:
            before = each.number
            if before <= last_gone:
                return found
            found.add(each.configured_at)
    return found
