"""The command, with an effort that shows only that every row runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import disk
from benchmarks.catalogue import RUNNERS

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNERS)
def test_each_row_runs_and_has_the_promised_members(name: str) -> None:
    done = run("--smoke", "--json", "--rows", name)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert rows
    assert not list((ROOT / "examples").rglob("*.compiled")), "it leaves nothing in the checkout"
    for row in rows.values():
        assert isinstance(row["value"], int | float)
        assert row["unit"]
    if name.startswith("http"):
        assert rows[name]["ratio"] > 0
        assert rows[name]["ratio_to"] in rows


def test_an_unknown_row_is_refused_by_name() -> None:
    done = run("--rows", "turn,no_such_row")
    assert done.returncode == 2
    assert "no_such_row" in done.stderr


@pytest.mark.skipif(
    not Path("/dev/shm").is_dir() or disk.file_system(Path("/dev/shm")) != "tmpfs",
    reason="there is no tmpfs here",
)
def test_a_file_system_in_memory_is_refused() -> None:
    done = run("--directory", "/dev/shm", "--rows", "turn")
    assert done.returncode == 2
    assert "tmpfs" in done.stderr
