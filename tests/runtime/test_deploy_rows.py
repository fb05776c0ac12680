"""How a deploy is stored: read as it was written, and a newer format refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kelpie.errors import StoreFormatUnsupported
from kelpie.limits import Limits
from kelpie.runtime.kinds.deploy import (
    Deploy,
    Differences,
    Names,
    read_current,
    read_deploy,
    write_deploy,
)
from kelpie.store import keyspace
from kelpie.store.chunks import write_value
from kelpie.store.memory import MemoryClient
from kelpie.wasm.contract import IMPORTS
from kelpie.wasm.turn import Manifest, Operation
from tests.runtime.support import World

TEXTS = st.text(max_size=10)
NAMES = st.builds(Names, *[st.lists(TEXTS, max_size=3).map(tuple)] * 2)
JSON = (
    st.none() | st.booleans() | st.integers() | st.dictionaries(TEXTS, st.floats(allow_nan=False))
)
OPERATIONS = st.builds(Operation, TEXTS, TEXTS, st.booleans(), st.booleans(), JSON, JSON)
DEPLOYS = st.builds(
    Deploy,
    namespace=st.just("default"),
    kind=st.just("thing"),
    number=st.integers(1, 2**40),
    digest=st.text("0123456789abcdef", min_size=64, max_size=64),
    size_bytes=st.integers(0, 2**40),
    deployed_at_ns=st.integers(0, 2**63),
    manifest=st.builds(
        Manifest,
        TEXTS,
        st.lists(OPERATIONS, max_size=3).map(lambda found: {each.name: each for each in found}),
    ),
    imports=st.lists(TEXTS, max_size=3).map(tuple),
    grants=st.none() | st.lists(st.sampled_from(IMPORTS)).map(tuple),
    configured_at=st.integers(0, 2**40),
    differences=st.builds(Differences, st.booleans(), st.booleans(), NAMES, NAMES),
)


@pytest.fixture
async def client() -> AsyncIterator[MemoryClient]:
    world = World()
    yield world.make(None, Limits()).client  # type: ignore[arg-type]
    world.env.close()


@given(deploy=DEPLOYS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_it_is_read_as_it_was_written(client: MemoryClient, deploy: Deploy) -> None:
    transaction = client.transaction()
    write_deploy(transaction, deploy)
    await transaction.commit()
    transaction = client.transaction()
    assert await read_current(transaction, "default", "thing") == deploy.number
    assert await read_deploy(transaction, "default", "thing", deploy.number) == deploy


async def test_a_row_of_a_newer_format_is_refused(client: MemoryClient) -> None:
    transaction = client.transaction()
    write_value(transaction, keyspace.deploy("default", "thing", 1), msgpack.packb((3, "?")))
    await transaction.commit()
    with pytest.raises(StoreFormatUnsupported, match="use the version that wrote it"):
        await read_deploy(client.transaction(), "default", "thing", 1)
