"""Old versions of a kind go, so that whoever deploys often fills no disk with them."""

from __future__ import annotations

from kelpie.limits import Limits
from kelpie.runtime.deploy import Deploy, find_deploy, list_deploys
from kelpie.store import keyspace
from kelpie.store.chunks import clear_value
from kelpie.store.protocol import Transaction

__all__ = ["trim_versions"]

# A kind with more than it may have, from an older version of Kelpie, loses them by and by.
_TRIMMED_AT_ONCE = 10
_LOOKED_AT_ONCE = 100


async def trim_versions(transaction: Transaction, newest: Deploy, limits: Limits) -> None:
    """Clears versions that are older than the newest `versions_max`, and what was set
    for them if none that stays has it still. In the transaction that writes `newest`.

    Raises:
        StoreError
    """
    namespace, kind = newest.namespace, newest.kind
    oldest = newest.number - limits.versions_max + 1
    if oldest <= 1:
        return
    begin, _ = keyspace.deploys(namespace, kind)
    end = keyspace.deploy(namespace, kind, oldest)
    rows = await transaction.get_range(begin, end, limit=_TRIMMED_AT_ONCE, snapshot=True)
    if not rows:
        return
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
