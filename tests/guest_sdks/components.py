"""Components that are built for tests from Python: 18 MB each, so none is committed.

One is built once for the same sources, and kept in a cache of this user's. Building
takes some ten seconds of one core.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["CannotBuild", "cache", "python_component"]

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "guest-sdks" / "python"
CONTRACT = ROOT / "wit" / "actor.wit"


class CannotBuild(Exception):
    """The component cannot be built here; the message says what is missing."""


def python_component(project: Path) -> bytes:
    """The component of a Python project.

    Raises:
        CannotBuild: the builder is not installed.
    """
    if importlib.util.find_spec("componentize_py") is None:
        raise CannotBuild("pip install -e '.[python]' brings what builds components of Python")
    built = cache() / f"{project.name}-{_digest([SDK, project, CONTRACT])}.wasm"
    if not built.is_file():
        from kelpie_actor_build import build  # noqa: PLC0415 - not all tests need it

        # Under a name of its own first: other processes may be building the same.
        new = built.with_name(f"{os.getpid()}-{built.name}")
        build(project, new)
        new.replace(built)
    return built.read_bytes()


def cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "kelpie-tests"


def _digest(sources: Iterable[Path]) -> str:
    whole = hashlib.sha256(importlib.metadata.version("componentize-py").encode())
    for source in sources:
        files = [source] if source.is_file() else sorted(source.rglob("*"))
        for path in files:
            if path.is_file() and path.suffix in {".py", ".wit", ".toml"}:
                content = path.read_bytes()
                name = path.relative_to(source.parent).as_posix()
                whole.update(f"{name} {len(content)}\n".encode())
                whole.update(content)
    return whole.hexdigest()[:32]
