from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kelpie.store.protocol import Store
from tests.store.clock import ClockEnv
from tests.store.conformance.backends import BACKENDS, Backend


@pytest.fixture(params=list(BACKENDS))
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    env = ClockEnv()
    backend: Backend = BACKENDS[request.param](env, tmp_path / "data")
    await backend.open()
    yield backend
    await backend.close()
    env.close()


@pytest.fixture
def store(backend: Backend) -> Store:
    return backend.store
