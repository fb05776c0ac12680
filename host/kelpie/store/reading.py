"""Transactions that only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kelpie.store.protocol import Store, Transaction

__all__ = ["reading"]


@contextmanager
def reading(store: Store) -> Iterator[Transaction]:
    """A transaction to read with, let go of at the end.

    One that is merely forgotten may keep hold of a version of the store.
    """
    transaction = store.transaction()
    try:
        yield transaction
    finally:
        transaction.cancel()
