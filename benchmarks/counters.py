"""The counter that `kelpie new` makes, in each language whose toolchain is here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.child import ChildFailed
from benchmarks.effort import SMOKE, Place
from benchmarks.host import COUNTER, KELPIE
from kelpie.projects.errors import ToolchainMissing
from kelpie.projects.project import BY_NAME

__all__ = ["Counter", "compiled_forms", "counters"]

BUILD_S_MAX = 1_800.0


class Counter(NamedTuple):
    """A component that counts."""

    component: Path
    operation: str
    """What adds one."""


def compiled_forms(directory: Path) -> Path:
    """Where the compiled forms of those are kept that were built below the directory."""
    return directory / "cache" / "kelpie" / "compiled"


def counters(place: Place) -> dict[str, Counter]:
    """The components by their languages. With the least effort no compiler is run,
    for what would mean nothing: then it is the one that is built already.

    Raises:
        ChildFailed: one cannot be built.
    """
    if place.effort == SMOKE:
        # What is compiled of a component is kept beside it, and not in the checkout.
        component = Path(shutil.copy(COUNTER, place.directory))
        return {"rust": Counter(component, "increment")}
    return {name: _built(name, place.directory) for name in BY_NAME if _is_here(name, place)}


def _is_here(language: str, place: Place) -> bool:
    try:
        BY_NAME[language].toolchain(place.directory)
    except ToolchainMissing as missing:
        print(f"left out: {missing.message}", file=sys.stderr)
        return False
    return True


def _built(language: str, directory: Path) -> Counter:
    component = directory / f"{language}.wasm"
    _kelpie(directory, "new", f"counter-{language}", "--lang", language)
    _kelpie(directory, "build", f"counter-{language}", "--out", str(component))
    return Counter(component, "add")


def _kelpie(directory: Path, *words: str) -> None:
    # What it compiles is kept where the child finds it; not in a folder `kelpie` here,
    # which would be taken for the package.
    environment = os.environ | {"XDG_CACHE_HOME": str(directory / "cache")}
    command = [sys.executable, *KELPIE, *words]
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILD_S_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise ChildFailed(f"kelpie {' '.join(words)}:\n{done.stderr[-2000:]}")
