"""Makes a component of a Python project: `build(project, output)`."""

from __future__ import annotations

from kelpie_actor_build.builder import build
from kelpie_actor_build.errors import BuildError

__all__ = ["BuildError", "build"]
