"""Transactions that only read."""

from __future__ import annotations

from kelpie.store.protocol import Store, Transaction

__all__ = ["reading"]


class reading:  # noqa: N801 - used like a function, as those of contextlib
    """`with reading(store) as transaction`: let go of at the end.

    One that is merely forgotten may keep hold of a version of the store.
    """

    __slots__ = ("_transaction",)

    def __init__(self, store: Store) -> None:
        self._transaction = store.transaction()

    def __enter__(self) -> Transaction:
        return self._transaction

    def __exit__(self, *raised: object) -> None:
        self._transaction.cancel()
