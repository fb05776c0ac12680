"""A store of another keyspace is refused before anything is done with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kelpie.errors import StoreFormatUnsupported
from kelpie.limits import DEFAULT_LIMITS
from kelpie.store.format import KEYSPACE_FORMAT, check_format
from kelpie.store.frame import frame
from kelpie.store.keyspace import store_format
from kelpie.store.memory import MemoryStore
from tests.store.clock import ClockEnv


@pytest.fixture
async def env() -> AsyncIterator[ClockEnv]:
    env = ClockEnv()
    yield env
    env.close()


async def test_a_new_store_is_marked_once(env: ClockEnv) -> None:
    memory = MemoryStore(env)
    await check_format(env, memory.client(env), DEFAULT_LIMITS)
    marked = memory.pairs()
    assert [key for key, _ in marked] == [store_format()]
    await check_format(env, memory.client(env), DEFAULT_LIMITS)
    assert memory.pairs() == marked


async def test_another_format_is_refused(env: ClockEnv) -> None:
    memory = MemoryStore(env)
    transaction = memory.client(env).transaction()
    transaction.set(store_format(), frame(store_format(), b"%d" % (KEYSPACE_FORMAT + 1)))
    await transaction.commit()
    with pytest.raises(StoreFormatUnsupported) as caught:
        await check_format(env, memory.client(env), DEFAULT_LIMITS)
    assert caught.value.details["format"] == KEYSPACE_FORMAT + 1
