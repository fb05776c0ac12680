"""What holds for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def compiled_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled guests and tools, shared by all tests of a session."""
    return tmp_path_factory.mktemp("compiled")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests run first: what they find is known early."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
