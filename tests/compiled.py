"""Compiled forms of what most tests deploy, made once for all processes and runs.

The making, above all of the componentizer, is most of what a small test costs. Tests
of the compiler make their own, and so does the guide, which begins with nothing.
"""

from __future__ import annotations

import fcntl
import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.cache import CompiledCache
from kelpie.wasm.compiler import Compiler
from kelpie.wasm.configuration import Configuration

__all__ = ["COMPONENTIZER", "PATIENT", "kept", "share", "with_compiled"]

ROOT = Path(__file__).resolve().parents[1]
COMPONENTIZER = ROOT / "host" / "kelpie" / "componentizer" / "componentizer.wasm"
GUESTS = (
    ROOT / "examples" / "rust-counter" / "counter.wasm",
    ROOT / "tests" / "guests" / "ledger.wasm",
    ROOT / "tests" / "guests" / "rogue.wasm",
    ROOT / "tests" / "guests" / "conformance" / "rust" / "conformance.wasm",
)
# However busy the machine is: no clock ends what is compiled.
PATIENT = replace(DEFAULT_LIMITS, component_compile_ms_max=600_000)
_DIRECTORY = ROOT / "build" / "compiled"
_UNUSED_SECONDS_MAX = 7 * 24 * 3600


@contextmanager
def kept() -> Iterator[CompiledCache]:
    """What is kept from run to run, for one process at a time: the others find it made."""
    _DIRECTORY.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (_DIRECTORY / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield CompiledCache(_DIRECTORY, DEFAULT_LIMITS.compiled_cache_bytes_max)


def share(directory: Path) -> Path:
    """Makes it a cache of compiled forms that begins with these; returns it.

    What is added to it, or damaged and made anew, stays its own.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for form in _forms():
        (directory / form.name).symlink_to(form)
    return directory


def with_compiled(data: Path) -> Path:
    """Makes this data directory, for a host that need not compile what is deployed; returns it."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    share(data / "compiled")
    return data


@functools.cache
def _forms() -> tuple[Path, ...]:
    names = []
    with kept() as cache:
        for epochs in (False, True):
            configuration = Configuration.of(DEFAULT_LIMITS, epochs=epochs)
            compiler = Compiler(configuration, PATIENT, cache)
            for wasm in (COMPONENTIZER, *GUESTS):
                tool, content = wasm == COMPONENTIZER, wasm.read_bytes()
                compiler.compile(content, tool=tool)
                names.append(compiler.name(content, tool=tool))
        _drop_unused()
    return tuple(_DIRECTORY / f"{name}.compiled" for name in names)


def _drop_unused() -> None:
    """What was compiled from older versions, when no test has wanted it for long."""
    for form in _DIRECTORY.glob("*.compiled"):
        if time.time() - form.stat().st_mtime > _UNUSED_SECONDS_MAX:
            form.unlink()
