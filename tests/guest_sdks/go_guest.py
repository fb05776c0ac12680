"""The conformance actor in Go: built once for its sources, and made a component of
by the host's own componentizer, as it is when somebody deploys it."""

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
