"""The tests of the Rust SDK, run by cargo."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SDK = Path(__file__).resolve().parents[2] / "guest-sdks" / "rust"
# The oldest that the SDK is written for, in its Cargo.toml.
VERSION = re.search(r'rust-version = "1\.(\d+)"', (SDK / "Cargo.toml").read_text())


def cargo() -> str:
    """Where cargo is, if there is one with a compiler that is new enough."""
    found, compiler = shutil.which("cargo"), shutil.which("rustc")
    if found is None or compiler is None:
        pytest.skip("no cargo and rustc here: the tests of the Rust SDK need them")
    told = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    version = re.match(r"rustc 1\.(\d+)\.", told.stdout)
    assert VERSION is not None
    if version is None or int(version[1]) < int(VERSION[1]):
        pytest.skip(f"{told.stdout.strip()} is older than 1.{VERSION[1]}, which the SDK needs")
    return found


def run(*command: str) -> subprocess.CompletedProcess[str]:
    # Where the guests are built too, so that little is built twice.
    target = os.environ.get("CARGO_TARGET_DIR", str(SDK.parents[1] / "target" / "guests"))
    environment = os.environ | {"CARGO_TARGET_DIR": target}
    return subprocess.run(
        command, cwd=SDK, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def with_crates() -> str:
    """Where cargo is, if it can have the crates that the SDK needs."""
    found = cargo()
    fetched = run(found, "fetch", "--locked")
    if fetched.returncode and "--locked" not in fetched.stderr:
        pytest.skip(f"the crates cannot be had here: {fetched.stderr.strip().splitlines()[-1]}")
    return found


@pytest.mark.slow
def test_cargo_test(with_crates: str) -> None:
    done = run(with_crates, "test", "--locked", "--workspace")
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [int(count) for count in re.findall(r"(\d+) passed", done.stdout)]
    assert sum(passed) > 15, done.stdout


@pytest.mark.slow
def test_cargo_clippy(with_crates: str) -> None:
    """The SDK denies itself `unwrap`, `expect`, `panic` and indexing."""
    if run(with_crates, "clippy", "--version").returncode:
        pytest.skip("no clippy here: rustup component add clippy")
    done = run(with_crates, "clippy", "--locked", "--workspace", "--", "-D", "warnings")
    assert done.returncode == 0, done.stderr
