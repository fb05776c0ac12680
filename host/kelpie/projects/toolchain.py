"""The seam between languages: all that the rest of Kelpie knows of any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kelpie.env import Env

__all__ = ["Language", "Toolchain"]


class Toolchain(Protocol):
    """What builds the projects of one language, as it was found on this machine."""

    @property
    def notice(self) -> str | None:
        """What whoever builds with it should know; None: nothing."""
        ...

    async def build(self, env: Env, directory: Path) -> bytes:
        """Builds the project: a component, or a core module of which one can be made.

        The same sources give the same bytes, as far as the compiler lets them.
        What it says of them is shown on stderr as it is.

        Raises:
            BuildFailed
        """
        ...


@dataclass(frozen=True, slots=True)
class Language:
    """One language, as projects are written in it."""

    name: str
    """As it is given on the command line."""
    title: str
    """As people write it."""
    marker: str
    """The file by which a project of it is known."""
    sdk: str | None
    """The directory of a project that its copy of the SDK is in; None: it needs none."""
    lock: str | None
    """The file of the SDK that says with which versions of others it was tested: a
    project begins with these. None: there is none."""
    names_taken: frozenset[str]
    """Which a project cannot have, since something of the language has them."""
    project_name: Callable[[Path], str | None]
    """What the project in a directory calls itself; None: nothing."""
    toolchain: Callable[[Path], Toolchain]
    """Finds what builds the project in a directory, or raises ToolchainMissing. Blocks."""
