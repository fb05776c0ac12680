"""Projects in Python: modules that componentize-py packs with an interpreter."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from kelpie.env import Env
from kelpie.projects.commands import run
from kelpie.projects.errors import ProjectUnclear, ToolchainMissing
from kelpie.projects.toolchain import Language
from kelpie_actor_build.componentizer import how_to_get_it

__all__ = ["PYTHON", "PythonToolchain"]

_MARKER = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class PythonToolchain:
    """A `Toolchain`: componentize-py, of this environment."""

    @classmethod
    def find(cls, _directory: Path) -> PythonToolchain:
        """Raises:
        ToolchainMissing
        """
        command = how_to_get_it()
        if command is not None:
            raise ToolchainMissing(
                "componentize-py is not there, which makes components of Python",
                f"try: {command}",
            )
        return cls()

    @property
    def notice(self) -> str | None:
        return None

    async def build(self, env: Env, directory: Path) -> bytes:
        with tempfile.TemporaryDirectory(prefix="kelpie-python-") as place:
            component = Path(place) / "component.wasm"
            words = (sys.executable, "-P", "-m", "kelpie.projects.python_child")
            # What it keeps for a while lies in there too: where it is ended, it cannot clean up.
            environment = {"TMPDIR": place}
            await run(
                env, "componentize-py", (*words, directory, component), directory, environment
            )
            return component.read_bytes()


def _project_name(directory: Path) -> str | None:
    marker = directory / _MARKER
    try:
        project = tomllib.loads(marker.read_text()).get("project")
    except ValueError as error:
        raise ProjectUnclear(f"{marker} is not TOML: {error}") from None
    name = project.get("name") if isinstance(project, dict) else None
    return name if isinstance(name, str) else None


PYTHON = Language(
    name="python",
    title="Python",
    marker=_MARKER,
    sdk=None,
    lock=None,
    names_taken=frozenset(),
    project_name=_project_name,
    toolchain=PythonToolchain.find,
)
