"""Kelpie: a host for virtual actors that are WebAssembly components."""

from __future__ import annotations

__version__ = "0.1.0"
