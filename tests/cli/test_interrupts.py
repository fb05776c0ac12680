"""Ctrl-C before a command has begun."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.host import SECONDS_MAX

# Interrupts itself when a module is about to be imported.
SCRIPT = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv = ["kelpie", "kinds", "--url", "http://127.0.0.1:1"]
from kelpie.cli.entry import run
run()
"""


@pytest.mark.parametrize(
    "module", ["kelpie.cli.main", "argparse", "kelpie.cli.remote", "httptools"]
)
def test_an_import_is_interrupted(module: str) -> None:
    done = _run(SCRIPT.format(module=module))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_who_ignores_it_goes_on() -> None:
    ignoring = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    done = _run(ignoring + SCRIPT.format(module="kelpie.cli.main"))
    assert done.returncode == 1
    assert "no host answers" in done.stderr


def _run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
