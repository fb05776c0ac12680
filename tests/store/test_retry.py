"""Administrative transactions: again after a conflict, never after an unknown result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest

from kelpie.errors import StoreCommitUnknown, StoreConflict, StoreError, StoreTooOld
from kelpie.limits import Limits
from kelpie.store.memory import CommitRequest, DirectLink, MemoryClient, MemoryStore
from kelpie.store.protocol import Transaction
from kelpie.store.retry import transact
from tests.store.clock import ClockEnv

Result = TypeVar("Result")
LIMITS = Limits(store_retry_ms=1, store_retry_ms_max=1, store_attempts_max=3)


class FailingLink(DirectLink):
    """Fails the first commits with the given errors."""

    def __init__(self, store: MemoryStore, env: ClockEnv, errors: list[StoreError]) -> None:
        super().__init__(store, env)
        self.errors = errors

    async def commit(self, request: CommitRequest) -> int:
        if self.errors:
            raise self.errors.pop(0)
        return await super().commit(request)


async def increment(transaction: Transaction) -> int:
    value = int(await transaction.get(b"n") or b"0") + 1
    transaction.set(b"n", b"%d" % value)
    return value


@pytest.fixture
async def env() -> AsyncIterator[ClockEnv]:
    env = ClockEnv()
    yield env
    env.close()


@pytest.fixture
def failing(env: ClockEnv) -> Callable[..., MemoryClient]:
    store = MemoryStore(env)
    return lambda *errors: MemoryClient(store, FailingLink(store, env, list(errors)))


async def test_it_is_tried_again_when_others_were_in_the_way(
    env: ClockEnv, failing: Callable[..., MemoryClient]
) -> None:
    client = failing(StoreConflict(""), StoreTooOld(""))
    assert await transact(env, client, LIMITS, increment) == 1


async def test_attempts_are_bounded(env: ClockEnv, failing: Callable[..., MemoryClient]) -> None:
    with pytest.raises(StoreConflict):
        await transact(env, failing(*[StoreConflict("")] * 3), LIMITS, increment)


async def test_an_unknown_result_is_never_tried_again(
    env: ClockEnv, failing: Callable[..., MemoryClient]
) -> None:
    client = failing(StoreCommitUnknown(""))
    with pytest.raises(StoreCommitUnknown):
        await transact(env, client, LIMITS, increment)
    assert await transact(env, client, LIMITS, increment) == 1


async def test_errors_of_the_work_pass(env: ClockEnv, failing: Callable[..., MemoryClient]) -> None:
    async def work(transaction: Transaction) -> None:
        transaction.set(b"n", b"9")
        raise LookupError

    client = failing()
    with pytest.raises(LookupError):
        await transact(env, client, LIMITS, work)
    assert await transact(env, client, LIMITS, increment) == 1


async def test_rivals_all_get_through(env: ClockEnv, failing: Callable[..., MemoryClient]) -> None:
    client = failing()
    limits = Limits(store_retry_ms=1, store_attempts_max=50)
    results = await asyncio.gather(*[transact(env, client, limits, increment) for _ in range(10)])
    assert sorted(results) == list(range(1, 11))
