"""The birth of a node: on a store of its own format, or not at all."""

from __future__ import annotations

import pytest

from kelpie.env.real import RealEnv
from kelpie.errors import StoreFormatUnsupported
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.node import Node
from kelpie.store import keyspace
from kelpie.store.frame import frame
from kelpie.store.memory import MemoryStore


async def test_a_node_is_not_born_on_a_store_of_another_format() -> None:
    env = RealEnv(lambda what, error: pytest.fail(f"{what}: {error}"))
    store = MemoryStore(env).client(env)
    await Node(env, store, DEFAULT_LIMITS, "first").be_born()
    transaction = store.transaction()
    key = keyspace.store_format()
    transaction.set(key, frame(key, b"99"))
    await transaction.commit()
    with pytest.raises(StoreFormatUnsupported, match="format 99"):
        await Node(env, store, DEFAULT_LIMITS, "second").be_born()
    fence = keyspace.node_fence("second")
    assert await store.transaction().get(fence) is None, "it left something behind"
    env.close()
