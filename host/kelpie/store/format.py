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

__all__ = ["KEYSPACE_FORMAT", "check_format"]

KEYSPACE_FORMAT = 1


async def check_format(env: Env, store: Store, limits: Limits) -> None:
    """Refuses a store with another keyspace than ours; marks a new one as ours.

    For every node, before it does anything else with the store.

    Raises:
        StoreFormatUnsupported: another version of Kelpie made it.
        StoreError: it could not be read or marked.
    """
    key = store_format()

    async def work(transaction: Transaction) -> None:
        stored = await transaction.get(key)
        if stored is None:
            transaction.set(key, frame(key, b"%d" % KEYSPACE_FORMAT))
            return
        found = int(unframe(key, stored))
        if found != KEYSPACE_FORMAT:
            raise StoreFormatUnsupported(
                f"the store has format {found}, and this version of Kelpie reads format "
                f"{KEYSPACE_FORMAT}: use the version that wrote it",
                format=found,
            )

    await transact(env, store, limits, work, repeatable=True)
