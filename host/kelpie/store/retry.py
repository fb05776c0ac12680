"""Administrative transactions, run again until they are through.

For births of nodes, deploys, ticks: rare work that is written as one function
of a transaction. The turns of actors are not run this way: what a conflict
means to them, their pipeline has to decide.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kelpie.env import Env
from kelpie.env.pauses import drawn_pause_ms
from kelpie.errors import StoreCommitUnknown, StoreConflict, StoreTooOld
from kelpie.limits import Limits
from kelpie.store.protocol import Store, Transaction

__all__ = ["transact"]

Result = TypeVar("Result")


async def transact(
    env: Env,
    store: Store,
    limits: Limits,
    work: Callable[[Transaction], Awaitable[Result]],
    *,
    repeatable: bool = False,
) -> Result:
    """Runs `work` on a transaction and commits it; what `work` returned.

    It is run again, on a fresh transaction, when the attempt surely did not
    commit because of others: at most `store_attempts_max` times, with pauses
    that double from `store_retry_ms`, each drawn at random so that rivals part.

    `repeatable` says that doing it twice is harmless, now or when an earlier
    attempt lands late: it is run again as well when nobody knows whether an
    attempt was committed.

    Raises:
        StoreConflict, StoreTooOld: the last attempt's. Surely not committed,
            unless it is repeatable.
        StoreCommitUnknown: nobody knows, or the last of several did not.
        StoreError: anything else the store says.
    """
    for attempt in range(limits.store_attempts_max):
        transaction = store.transaction()
        try:
            result = await work(transaction)
            await transaction.commit()
        except (StoreConflict, StoreTooOld, StoreCommitUnknown) as error:
            if isinstance(error, StoreCommitUnknown) and not repeatable:
                raise
            if attempt + 1 == limits.store_attempts_max:
                raise
        else:
            return result
        finally:
            transaction.cancel()
        await env.sleep(_pause_ms(env, limits, attempt))
    raise AssertionError("the last attempt returns or raises")


def _pause_ms(env: Env, limits: Limits, attempt: int) -> float:
    longest_ms = min(limits.store_retry_ms << attempt, limits.store_retry_ms_max)
    return drawn_pause_ms(env, longest_ms)
