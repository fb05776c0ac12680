"""Signals before a command has begun."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.host import SECONDS_MAX

# Sends itself a signal when a module is about to be imported.
SCRIPT = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{name})

sys.meta_path.insert(0, Finder())
sys.argv = ["kelpie", *{words}]
from kelpie.cli.entry import run
run()
"""
ASKING = ["kinds", "--url", "http://127.0.0.1:1"]


@pytest.mark.parametrize(
    "module", ["kelpie.cli.main", "argparse", "kelpie.cli.remote", "httptools"]
)
def test_an_import_is_interrupted(module: str) -> None:
    done = _run(SCRIPT.format(module=module, name="SIGINT", words=ASKING))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_who_ignores_it_goes_on() -> None:
    ignoring = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    done = _run(ignoring + SCRIPT.format(module="kelpie.cli.main", name="SIGINT", words=ASKING))
    assert done.returncode == 1
    assert "no host answers" in done.stderr


@pytest.mark.parametrize("module", ["kelpie.cli.main", "kelpie.cli.serve", "wasmtime"])
def test_a_host_that_is_hung_up_on_while_it_starts(tmp_path: Path, module: str) -> None:
    words = ["serve", "--data", str(tmp_path / "data"), "--port", "0"]
    script = SCRIPT.format(module=module, name="SIGHUP", words=words)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as host:
        try:
            assert host.stdout is not None
            assert host.stdout.readline().startswith("ready on ")
        finally:
            host.terminate()
        assert host.wait(SECONDS_MAX) == 0


def _run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
