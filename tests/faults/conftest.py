"""Data directories that are warm: components deployed, and compiled."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.host import COUNTER, LEDGER, Served, kelpie, serving

ROGUE = LEDGER.with_name("rogue.wasm")


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory, compiled_cache: Path) -> Path:
    """Never served from: copy it. Its copies share what is compiled."""
    data = tmp_path_factory.mktemp("warm") / "data"
    data.mkdir()
    (data / "compiled").symlink_to(compiled_cache)
    with serving(data) as served:
        for component in (COUNTER, LEDGER, ROGUE):
            done = kelpie("deploy", component, url=served.url)
            assert done.returncode == 0, done.stderr
        assert served.end() == 0
    return data


@pytest.fixture
def data(tmp_path: Path, warm: Path) -> Path:
    """A data directory with counter, ledger and rogue."""
    return _copy(warm, tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Iterator[Served]:
    """A host for all tests of a module that leave it as it was."""
    with serving(_copy(warm, tmp_path_factory.mktemp("shared"))) as served:
        yield served
        assert served.end() == 0
        assert "Traceback" not in served.talk.read_text()


def _copy(warm: Path, to: Path) -> Path:
    return Path(shutil.copytree(warm, to / "data", symlinks=True))
