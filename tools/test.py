"""Installs what the tests need, and runs them all: style, types, then pytest.

Pytest runs twice, the fast tests first, each time with a process for each processor.
Whatever follows on the command line goes to pytest instead, which then runs alone, once,
and in one process: `python3 tools/test.py tests/api -k slow`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from virtual_environment import ROOT, prepare

CHECKED = ("host", "guest-sdks/python", "tests", "tools", "benchmarks")
# Each process needs some 300 MB, and its tests start hosts of their own.
SPREAD = ("--numprocesses=auto", "--maxprocesses=8")


def main(arguments: list[str]) -> int:
    commands = prepare(ROOT / ".venv-test", "[dev]")
    if arguments:
        return _run(commands / "pytest", *arguments)
    checked = [name for name in CHECKED if (ROOT / name).is_dir()]
    # All are run whatever becomes of the others: one run tells everything.
    statuses = [
        _run(commands / "ruff", "check", *checked),
        _run(commands / "ruff", "format", "--check", *checked),
        _run(commands / "mypy"),
        # By file, whose tests share what is costly to start; slow ones are costly themselves.
        _run(commands / "pytest", "-m", "not slow", *SPREAD),
        _run(commands / "pytest", "-m", "slow", *SPREAD, "--dist=loadgroup"),
    ]
    failed = sum(status != 0 for status in statuses)
    if failed:
        print(f"{failed} of {len(statuses)} steps failed", file=sys.stderr)
    return 1 if failed else 0


def _run(command: Path, *arguments: str) -> int:
    print(f"\n$ {command.name} {' '.join(arguments)}", flush=True)
    environment = {**os.environ, "PATH": f"{command.parent}:{os.environ.get('PATH', os.defpath)}"}
    environment.pop("PYTHONPATH", None)
    # Every test and every process that it starts would be compiled anew each time.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run([command, *arguments], cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
