"""The unit tests that the parts of the bank have, each with the tool of its language."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kelpie.projects.errors import ToolchainMissing
from kelpie.projects.go import GoToolchain
from tests.examples.bank import BANK
from tests.guest_sdks.test_rust import cargo
from tests.projects.toolchains import kept

ROOT = BANK.parents[1]


def run(folder: str, *command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=BANK / folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    if "--locked" in command and "failed to download" in told:
        pytest.skip("the crates cannot be had here")
    assert done.returncode == 0, told
    return told


def test_transfer() -> None:
    try:
        go = GoToolchain.find(ROOT).go
    except ToolchainMissing as missing:
        pytest.skip(str(missing))
    environment = {"GOFLAGS": "-buildvcs=false", "GOPROXY": "off"}
    run("transfer", go, "vet", "./...", **environment)
    assert "ok" in run("transfer", go, "test", "./...", **environment)
    gofmt = Path(run("transfer", go, "env", "GOROOT", **environment).strip()) / "bin" / "gofmt"
    assert run("transfer", gofmt, "-l", ".") == ""


def test_auditor() -> None:
    pytest_of_its_own = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", ".")
    assert " passed" in run("auditor", *pytest_of_its_own, PYTHONPATH=".")


@pytest.mark.slow
def test_account() -> None:
    assert "test result: ok" in run("account", cargo(), "test", "--locked", **kept())
