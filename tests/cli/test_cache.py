"""Where the compiled forms of a user are: what is in there is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kelpie.cli.cache import cache_directory
from tests.cli.host import COMMAND, COUNTER, SECONDS_MAX


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


def test_one_that_is_full_is_done_without_and_told_once(tmp_path: Path) -> None:
    """As full: no file may be longer than 2 MiB, and the form of the componentizer is."""
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 4096 && exec "$@"', "sh", COMMAND, "inspect", COUNTER],
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert (done.returncode, done.stderr.count("going on without")) == (0, 1), done.stderr
    assert str(tmp_path / "kelpie" / "compiled") in done.stderr
    assert "increment" in done.stdout
