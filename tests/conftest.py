"""What holds for all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.compiled import share

# No test depends on how long something takes. The parent is what hypothesis has chosen:
# on CI another one than at a desk.
settings.register_profile("kelpie", deadline=None)
settings.load_profile("kelpie")

# Behind `nohup`, or in the background of a script, it is ignored, and would be by every
# command that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def compiled_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled guests and tools, shared by all tests of a process."""
    return share(tmp_path_factory.mktemp("compiled"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests run first: what they find is known early."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
