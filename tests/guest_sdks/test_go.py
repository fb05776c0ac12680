"""The Go SDK: what Go's own tools say of it, and that its guest builds."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kelpie.projects.errors import ToolchainMissing
from kelpie.projects.go import ENVIRONMENT, GoToolchain
from tests.guest_sdks.go_guest import ROOT

PROJECTS = (ROOT / "guest-sdks/go", ROOT / "tests/guests/conformance/go")


@pytest.fixture(scope="module")
def go() -> str:
    try:
        return str(GoToolchain.find(ROOT).go)
    except ToolchainMissing as missing:
        pytest.skip(str(missing))


def run(folder: Path, *command: str, **environment: str) -> str:
    environment = os.environ | {"GOFLAGS": "-buildvcs=false", "GOPROXY": "off", **environment}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("target", [{}, ENVIRONMENT], ids=["native", "wasm"])
def test_vet(go: str, folder: Path, target: dict[str, str]) -> None:
    run(folder, go, "vet", "./...", **target)


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_is_formatted(go: str, folder: Path) -> None:
    gofmt = Path(run(folder, go, "env", "GOROOT").strip()) / "bin" / "gofmt"
    assert run(folder, str(gofmt), "-l", ".") == ""


def test_unit_tests(go: str) -> None:
    assert "ok" in run(PROJECTS[0], go, "test", "./...")


def test_needs_the_standard_library_alone(go: str) -> None:
    listed = run(
        PROJECTS[0],
        go,
        "list",
        "-deps",
        "-f",
        "{{if not .Standard}}{{.ImportPath}}{{end}}",
        "./...",
        **ENVIRONMENT,
    )
    assert {line.partition("/")[0] for line in listed.split()} == {"kelpie"}
