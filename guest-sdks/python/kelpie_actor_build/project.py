"""What is to be built: a folder, and what its `pyproject.toml` says about it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kelpie_actor_build.errors import BuildError

__all__ = ["INTERFACES", "Project"]

INTERFACES = (
    *("state", "kv", "messaging", "clock", "entropy", "log", "identity", "config", "secrets"),
)
"""What a component may import of the contract, in its order."""
_SETTINGS: dict[str, type] = {"module": str, "python-paths": list, "imports": list}


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a module that declares an actor.

    `[tool.kelpie]` of its `pyproject.toml` may name the `module` (`app`), folders with
    modules of others (`python-paths`), and `imports` of the contract that the sources
    do not show.
    """

    folder: Path
    module: str = "app"
    python_paths: tuple[Path, ...] = ()
    imports: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> Project:
        """
        Raises:
            BuildError: there is no such project, or its settings are wrong.
        """
        folder = folder.resolve()
        if not folder.is_dir():
            raise BuildError(f"there is no folder {folder}")
        settings = _settings(folder / "pyproject.toml")
        project = cls(
            folder,
            settings.get("module", "app"),
            tuple(folder / each for each in settings.get("python-paths", ())),
            tuple(settings.get("imports", ())),
        )
        project._check()
        return project

    @property
    def main(self) -> Path:
        """The file of the module, or of the package of that name."""
        place = self.folder.joinpath(*self.module.split("."))
        package = place / "__init__.py"
        return package if package.is_file() else place.with_suffix(".py")

    def _check(self) -> None:
        if not self.main.is_file():
            raise BuildError(
                f"there is no {self.main.relative_to(self.folder)} in {self.folder}: the actor is "
                'declared there, or in the module that [tool.kelpie] module = "..." names in '
                "pyproject.toml"
            )
        for path in self.python_paths:
            if not path.is_dir():
                raise BuildError(
                    f"there is no folder {path}, which [tool.kelpie] python-paths names in "
                    "pyproject.toml"
                )
        unknown = [name for name in self.imports if name not in INTERFACES]
        if unknown:
            raise BuildError(
                f"[tool.kelpie] imports in pyproject.toml: the contract has no {unknown[0]!r}; "
                f"it has {', '.join(INTERFACES)}"
            )


def _settings(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        read = tomllib.loads(file.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BuildError(f"{file.name}: {error}") from error
    settings: dict[str, Any] = read.get("tool", {}).get("kelpie", {})
    for name, value in settings.items():
        kind = _SETTINGS.get(name)
        if kind is None:
            known = ", ".join(_SETTINGS)
            raise BuildError(f"{file.name}: [tool.kelpie] has no {name}; there is {known}")
        texts = value if kind is list else [value]
        if not isinstance(value, kind) or not all(isinstance(each, str) for each in texts):
            what = "a list of strings" if kind is list else "a string"
            raise BuildError(f"{file.name}: {name} in [tool.kelpie] must be {what}")
    return settings
