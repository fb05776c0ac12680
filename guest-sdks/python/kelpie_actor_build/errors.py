"""Why there is no component."""

from __future__ import annotations

__all__ = ["BuildError"]


class BuildError(Exception):
    """The project cannot be built; the message is for its author, and says what to do."""
