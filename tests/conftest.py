"""What holds for all tests."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests run first: what they find is known early."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
