"""What is wrong with a project, or with what builds it: its author can mend it."""

from __future__ import annotations

__all__ = ["BuildFailed", "DirectoryInUse", "ProjectError", "ProjectUnclear", "ToolchainMissing"]


class ProjectError(Exception):
    """The message says what is wrong; `advice`, line by line, what to do."""

    def __init__(self, message: str, *advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class DirectoryInUse(ProjectError):
    """A new project would be made where there is something already."""


class ProjectUnclear(ProjectError):
    """There is no project, or it cannot be told which."""


class ToolchainMissing(ProjectError):
    """What builds projects of this language is not on this machine."""


class BuildFailed(ProjectError):
    """The sources cannot be built. What the compiler says of it was shown before."""
