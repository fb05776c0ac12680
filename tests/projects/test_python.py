"""How projects in Python are built, without building one."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from kelpie.env import Env
from kelpie.env.real import RealEnv
from kelpie.projects import python
from kelpie.projects.python import PythonToolchain


async def test_nothing_is_left_of_a_build_that_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def ended(
        env: Env, tool: str, words: object, directory: Path, environment: Mapping[str, str]
    ) -> bytes:
        # As `tempfile` does in the process that is started.
        kept = Path(environment["TMPDIR"]) / "kelpie-build-x"
        kept.mkdir()
        assert kept.is_relative_to(tmp_path)
        raise asyncio.CancelledError

    monkeypatch.setattr(python, "run", ended)
    env = RealEnv(lambda what, error: None)
    with pytest.raises(asyncio.CancelledError):
        await PythonToolchain().build(env, tmp_path)
    env.close()
    assert not list(tmp_path.iterdir())
