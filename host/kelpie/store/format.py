"""The format version of the keyspace: which keys there are, and what they mean.

How a backend lays pairs out on its disk has a version of its own.
"""

from __future__ import annotations

from kelpie.env import Env
from kelpie.errors import StoreFormatUnsupported
from kelpie.limits import Limits
from kelpie.store.frame import frame, unframe
from kelpie.store.keyspace import store_format
from kelpie.store.protocol import Store, Transaction
from kelpie.store.retry import transact

__all__ = ["KEYSPACE_FORMAT", "OLDEST_FORMAT", "check_format", "known_format"]

KEYSPACE_FORMAT = 5
"""1: before kinds had configuration, secrets and grants. 2: a deploy has them too.
3: components are noted with the versions that use them. 4: turns in flight and actors
with dead letters are noted; a reminder says what caused it, and the end of a journaled
turn seals the rest. 5: the kv of an actor has generations."""

OLDEST_FORMAT = 1
"""Whoever reads a value that older formats have otherwise, reads them all."""


async def check_format(env: Env, store: Store, limits: Limits) -> None:
    """Refuses a store with a newer keyspace than ours; marks a new one, and an
    older one, as ours: from then on older versions of Kelpie refuse it.

    For every node, before it does anything else with the store.

    Raises:
        StoreFormatUnsupported: a newer version of Kelpie has used it.
        StoreError: it could not be read or marked.
    """
    key = store_format()

    async def work(transaction: Transaction) -> None:
        stored = await transaction.get(key)
        if stored is None or known_format(stored) != KEYSPACE_FORMAT:
            transaction.set(key, frame(key, b"%d" % KEYSPACE_FORMAT))

    await transact(env, store, limits, work, repeatable=True)


def known_format(stored: bytes) -> int:
    """The format that a store is marked with.

    Raises:
        StoreFormatUnsupported: it is none that is read here.
        StoredValueCorrupt
    """
    found = int(unframe(store_format(), stored))
    if not OLDEST_FORMAT <= found <= KEYSPACE_FORMAT:
        raise StoreFormatUnsupported(
            f"the store has format {found}, and this version of Kelpie reads formats "
            f"{OLDEST_FORMAT} to {KEYSPACE_FORMAT}: use the version that wrote it, or a newer one",
            format=found,
        )
    return found
