"""Who is told of a change within the transaction that makes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from kelpie.store.protocol import Transaction

__all__ = ["Witness", "nobody"]

Witness = Callable[[Transaction, str], Awaitable[None]]
"""Given the transaction, and what comes of the change in words. What it writes is
committed with the change, or not at all. It is called anew in each attempt."""


async def nobody(_transaction: Transaction, _outcome: str) -> None:
    """The witness of what nobody needs to know of."""
