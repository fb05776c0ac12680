"""The languages in which projects are written, by name alone."""

from __future__ import annotations

__all__ = ["LANGUAGES"]

LANGUAGES = ("rust", "go", "python")
