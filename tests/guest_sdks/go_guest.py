"""Actors in Go: built once for their sources, and made components of by the host's own
componentizer, as they are when somebody deploys them."""

from __future__ import annotations

from pathlib import Path

from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.cache import CompiledCache
from kelpie.wasm.compiler import Compiler
from kelpie.wasm.componentizer import Componentizer
from kelpie.wasm.configuration import Configuration
from tests.guest_sdks.conformance.languages import CannotBuild
from tests.tools import load_tool

__all__ = ["ROOT", "component", "go_guests"]

ROOT = Path(__file__).resolve().parents[2]


go_guests = load_tool("go_guests")


def component(kept: Path, name: str = "conformance") -> bytes:
    """The component of a guest; what was compiled for it lies in `kept`.

    Raises:
        CannotBuild: there is no Go, or none that is recent enough.
    """
    try:
        module = go_guests.module(name).read_bytes()
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
