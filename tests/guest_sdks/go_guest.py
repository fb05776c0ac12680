"""The conformance actor in Go: built once for its sources, and made a component of
by the host's own componentizer, as it is when somebody deploys it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.cache import CompiledCache
from kelpie.wasm.compiler import Compiler
from kelpie.wasm.componentizer import Componentizer
from kelpie.wasm.configuration import Configuration
from tests.guest_sdks.conformance.languages import CannotBuild

__all__ = ["ROOT", "component", "go_guests"]

ROOT = Path(__file__).resolve().parents[2]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


go_guests = _load(ROOT / "tools" / "go_guests.py")


def component(kept: Path) -> bytes:
    """The component; what was compiled for it lies in `kept`.

    Raises:
        CannotBuild: there is no Go, or none that is recent enough.
    """
    try:
        module = go_guests.module("conformance").read_bytes()
    except go_guests.BuildError as reason:
        raise CannotBuild(str(reason)) from reason
    limits = DEFAULT_LIMITS
    compiler = Compiler(
        Configuration.of(limits, epochs=False),
        limits,
        CompiledCache(kept, limits.compiled_cache_bytes_max),
    )
    try:
        return Componentizer(compiler, limits).componentize(module)
    finally:
        compiler.close()
