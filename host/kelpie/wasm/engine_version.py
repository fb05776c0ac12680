"""Which engine runs the guests."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["ENGINE_VERSION"]

ENGINE_VERSION = f"wasmtime {version('wasmtime')}"
