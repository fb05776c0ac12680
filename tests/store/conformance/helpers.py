"""Short forms for what every test of the suite does."""

from __future__ import annotations

from kelpie.store.protocol import KeyValue, Store

__all__ = ["END", "contents", "put", "read", "remove"]

END = b"\xff"


async def put(store: Store, **pairs: bytes) -> int:
    """Commits the pairs, blindly; the version."""
    transaction = store.transaction()
    for key, value in pairs.items():
        transaction.set(key.encode(), value)
    return await transaction.commit()


async def remove(store: Store, *keys: bytes) -> int:
    transaction = store.transaction()
    for key in keys:
        transaction.clear(key)
    return await transaction.commit()


async def read(store: Store, key: bytes) -> bytes | None:
    transaction = store.transaction()
    value = await transaction.get(key)
    transaction.cancel()
    return value


async def contents(store: Store) -> list[KeyValue]:
    transaction = store.transaction()
    pairs = await transaction.get_range(b"", END, limit=1000)
    transaction.cancel()
    return pairs
