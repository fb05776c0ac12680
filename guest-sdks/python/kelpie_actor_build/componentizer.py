"""componentize-py, which makes components of Python: whether it is there, and how it is got."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from importlib.metadata import PackageNotFoundError, requires

__all__ = ["how_to_get_it"]

_NAME = "componentize-py"


def how_to_get_it() -> str | None:
    """The command that installs it where this Python finds it; None if it is there."""
    if importlib.util.find_spec("componentize_py") is not None:
        return None
    # The one that this version was tried with, as the extra `python` names it.
    return shlex.join((sys.executable, "-m", "pip", "install", _requirement()))


def _requirement() -> str:
    try:
        listed = requires("kelpie") or []
    except PackageNotFoundError:
        listed = []
    found = [line for line in listed if line.startswith(_NAME)]
    return found[0].partition(";")[0].strip() if found else _NAME
