"""A host to be asked for anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.host import Served, serving


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, compiled_cache: Path) -> Path:
    """A data directory that shares what is compiled with other tests."""
    found = tmp_path_factory.mktemp("fuzz") / "data"
    found.mkdir()
    (found / "compiled").symlink_to(compiled_cache)
    return found


@pytest.fixture(scope="module")
def served(data: Path) -> Iterator[Served]:
    """It has to be up when the tests of a module have ended."""
    with serving(data) as found:
        yield found
        assert found.end() == 0, found.talk.read_text()
        assert "Traceback" not in found.talk.read_text()
