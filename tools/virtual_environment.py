"""A virtual environment with this checkout in it, made with nothing but Python.

Used by `demo.py` and `test.py`, which run before anything is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
OUTPUT_LINES_SHOWN = 15


def prepare(directory: Path, extras: str = "") -> Path:
    """Makes the environment, if it is not there or not whole; returns its `bin`.

    Ends the process with a sentence that helps if it cannot be made.
    """
    _check_python()
    stamp = directory / "kelpie-installed"
    wanted = _fingerprint(extras)
    commands = directory / "bin"
    if stamp.is_file() and stamp.read_text() == wanted and _works(commands / "python"):
        return commands
    if not _works(commands / "python", "-m", "pip", "--version"):
        _say(f"making a virtual environment in {directory}")
        _make(directory)
    _install(commands / "python", extras)
    if not _works(commands / "python"):
        _say("what is installed does not work: making the environment anew")
        _make(directory)
        _install(commands / "python", extras)
    # Written last: an installation that was cut off is done again.
    stamp.write_text(wanted)
    return commands


def _check_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"Kelpie needs Python 3.11 or newer; this is {found} ({sys.executable})")


def _make(directory: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            "this Python cannot make virtual environments: Debian and Ubuntu keep that in a "
            f"package of its own\n  try: sudo apt install python{version}-venv"
        )
    # Run from inside an environment, its own Python must not be the base of another.
    base = getattr(sys, "_base_executable", None) or sys.executable
    _run([base, "-m", "venv", "--clear", directory], "the virtual environment was not made")


def _install(python: Path, extras: str) -> None:
    _say("installing what is needed (this takes a minute the first time)")
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*command, "--editable", f"{ROOT}{extras}"], "the installation failed")


def _works(python: Path, *arguments: str) -> bool:
    command = [python, *(arguments or ("-c", "import kelpie.cli.main"))]
    try:
        result = subprocess.run(command, capture_output=True, check=False, cwd="/")
    except OSError:
        return False
    return result.returncode == 0


def _fingerprint(extras: str) -> str:
    """Changes when what must be installed changes, or the Python, or the place."""
    parts = [(ROOT / "pyproject.toml").read_text(), extras, sys.version, str(ROOT)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _run(command: list[str | Path], failure: str) -> None:
    environment = {**os.environ, "PIP_NO_INPUT": "1"}
    environment.pop("PYTHONPATH", None)
    environment.pop("PYTHONHOME", None)
    result = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        env=environment,
    )
    if result.returncode != 0:
        lines = "\n".join(result.stdout.splitlines()[-OUTPUT_LINES_SHOWN:])
        sys.exit(f"{lines}\n\n{failure}: see above (packages are fetched over the network)")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
