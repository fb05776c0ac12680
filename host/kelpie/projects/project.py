"""Which project is in a directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kelpie.projects.errors import ProjectUnclear
from kelpie.projects.go import GO
from kelpie.projects.languages import LANGUAGES
from kelpie.projects.python import PYTHON
from kelpie.projects.rust import RUST
from kelpie.projects.toolchain import Language

__all__ = ["BY_NAME", "Project", "find_project"]

BY_NAME: Mapping[str, Language] = {each.name: each for each in (RUST, GO, PYTHON)}
assert tuple(BY_NAME) == LANGUAGES


@dataclass(frozen=True, slots=True)
class Project:
    """What an author has on disk."""

    directory: Path
    """Absolute."""
    language: Language
    name: str

    @property
    def output(self) -> Path:
        """Where its component goes, unless somewhere else is asked for."""
        return self.directory / f"{self.name}.wasm"


def find_project(directory: Path, language: str | None = None) -> Project:
    """The project in the directory, of the language if one is given.

    Raises:
        ProjectUnclear: there is none, or more than one.
        OSError: its files cannot be read.
    """
    directory = directory.resolve()
    found = [each for each in BY_NAME.values() if (directory / each.marker).is_file()]
    if language is not None:
        found = [each for each in found if each.name == language]
    if not found:
        asked = list(BY_NAME.values()) if language is None else [BY_NAME[language]]
        markers = ", ".join(f"{each.marker} ({each.title})" for each in asked)
        raise ProjectUnclear(
            f"there is no project in {directory}: it has no {markers}",
            "try: kelpie new NAME --lang LANGUAGE, which makes one",
        )
    if len(found) > 1:
        names = " or ".join(each.name for each in found)
        raise ProjectUnclear(
            f"{directory} has {' and '.join(each.marker for each in found)}",
            f"try: --lang {names}",
        )
    name = found[0].project_name(directory) or directory.name
    return Project(directory, found[0], name)
