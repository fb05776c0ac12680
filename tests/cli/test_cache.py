"""Where the compiled forms of a user are: what is in there is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kelpie.cli.cache import cache_directory


def test_nobody_else_can_write_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = tmp_path / "kelpie" / "compiled"
    assert cache_directory() == place
    for each in (place, place.parent):
        assert each.stat().st_mode & 0o777 == 0o700
        each.chmod(0o777)
    assert cache_directory() == place
    for each in (place, place.parent):
        assert each.stat().st_mode & 0o022 == 0


def test_what_belongs_to_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() is not None
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    assert cache_directory() is None


def test_without_a_place_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cache_directory() is None
