"""Components that are built for tests from Python: 18 MB each, so none is committed.

One is built and compiled once for the same sources, and kept in a cache of this user's.
Either takes some ten seconds of one core.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.cache import CompiledCache
from kelpie.wasm.compiler import Compiler
from kelpie.wasm.configuration import Configuration
from kelpie_actor_build import build
from tests.compiled import PATIENT

__all__ = ["CONTRACT", "CannotBuild", "keep_compiled", "kept_for_long", "python_component"]

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "guest-sdks" / "python"
CONTRACT = ROOT / "wit" / "actor.wit"


class CannotBuild(Exception):
    """The component cannot be built here; the message says what is missing."""


def python_component(project: Path, compiled: Path) -> bytes:
    """The component of a Python project. Its compiled form (without epochs) is put into
    `compiled`, a cache of compiled forms.

    Raises:
        CannotBuild: the builder is not installed.
    """
    if importlib.util.find_spec("componentize_py") is None:
        raise CannotBuild("pip install -e '.[python]' brings what builds components of Python")
    with kept_for_long() as directory:
        built = directory / f"{_digest([SDK, project, CONTRACT])}.wasm"
        if not built.is_file():
            build(project, built)
        content = built.read_bytes()
    keep_compiled(content, compiled, epochs=False)
    return content


def keep_compiled(content: bytes, compiled: Path, *, epochs: bool) -> None:
    """Puts a compiled form of a component into `compiled`: with epochs as a host has it."""
    with kept_for_long() as directory:
        forms = directory / "compiled"
        cache = CompiledCache(forms, DEFAULT_LIMITS.compiled_cache_bytes_max)
        compiler = Compiler(Configuration.of(DEFAULT_LIMITS, epochs=epochs), PATIENT, cache)
        compiler.compile(content, tool=False)
        form = f"{compiler.name(content, tool=False)}.compiled"
    if not (compiled / form).exists():
        (compiled / form).symlink_to(forms / form)


@contextmanager
def kept_for_long() -> Iterator[Path]:
    """What is kept from run to run, for one process at a time."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    directory = Path(home) / "kelpie-tests"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (directory / "compiled").mkdir(mode=0o700, exist_ok=True)
        yield directory


def _digest(sources: Iterable[Path]) -> str:
    whole = hashlib.sha256(importlib.metadata.version("componentize-py").encode())
    for source in sources:
        for path in [source] if source.is_file() else sorted(source.rglob("*")):
            if path.is_file() and path.suffix in {".py", ".wit", ".toml"}:
                content = path.read_bytes()
                name = path.relative_to(source.parent).as_posix()
                whole.update(f"{name} {len(content)}\n".encode())
                whole.update(content)
    return whole.hexdigest()[:32]
