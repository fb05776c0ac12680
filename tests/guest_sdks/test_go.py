"""The Go SDK: what Go's own tools say of it, and that its guest builds."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.guest_sdks.go_guest import ROOT, go_guests

PROJECTS = (ROOT / "guest-sdks/go", ROOT / "tests/guests/conformance/go")
WASM = {"GOOS": "wasip1", "GOARCH": "wasm"}


@pytest.fixture(scope="module")
def go() -> str:
    try:
        return str(go_guests.Go.find().command)
    except go_guests.BuildError as reason:
        pytest.skip(str(reason))


def run(folder: Path, *command: str, **environment: str) -> str:
    environment = os.environ | {"GOFLAGS": "-buildvcs=false", "GOPROXY": "off", **environment}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("target", [{}, WASM], ids=["native", "wasm"])
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
        **WASM,
    )
    assert {line.partition("/")[0] for line in listed.split()} == {"kelpie"}
