"""Engines over the fixture guests: see `tests.wasm`."""

from __future__ import annotations

from tests.wasm.conftest import cache_directory, env, ticking, workbench

__all__ = ["cache_directory", "env", "ticking", "workbench"]
