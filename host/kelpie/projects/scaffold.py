"""New projects: a template, copied as it stands but for the name."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from kelpie.projects.errors import DirectoryInUse, ProjectError
from kelpie.projects.toolchain import Language

__all__ = ["scaffold"]

_HERE = Path(__file__).parent
# What stands in a template for the name of the project.
_NAME = "name-of-actor"
# A file whose name began with a dot would be hidden from whoever packs the templates.
_RENAMED = {"gitignore": ".gitignore"}
_NOT_COPIED = ("target", "__pycache__", "*.pyc", ".*")
_TESTS_OF_SDKS = ("tests", "*_test.go")


def scaffold(language: Language, name: str, directory: Path) -> None:
    """Makes a project in the directory, which must be empty or not there yet.

    A new directory is there as a whole or not at all.

    Raises:
        DirectoryInUse: there is something in it.
        ProjectError: the name is taken by something of the language.
        OSError
    """
    if name in language.names_taken:
        raise ProjectError(
            f"a project in {language.title} cannot be called {name}: {language.title} "
            "or the SDK has that name for itself",
            "try: another one",
        )
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise DirectoryInUse(
            f"{directory} is there already, and not empty",
            "try: another NAME, or --directory DIR with an empty one or a new one",
        )
    directory = directory.absolute()
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=directory.parent) as place:
        project = Path(place) / name
        _copy(_HERE / "templates" / language.name, project, _NOT_COPIED)
        _fill_in(project, name)
        if language.sdk is not None:
            sdk = _HERE / "sdks" / language.name
            _copy(sdk, project / language.sdk, (*_NOT_COPIED, *_TESTS_OF_SDKS))
            if language.lock is not None:
                (project / language.sdk / language.lock).rename(project / language.lock)
        _own(project)
        _put(project, directory)


def _copy(source: Path, target: Path, left_out: tuple[str, ...]) -> None:
    # With the time of now: compilers take what is older than their output for built.
    shutil.copytree(
        source, target, ignore=shutil.ignore_patterns(*left_out), copy_function=shutil.copyfile
    )


def _fill_in(project: Path, name: str) -> None:
    for path in [each for each in project.rglob("*") if each.is_file()]:
        path.write_bytes(path.read_bytes().replace(_NAME.encode(), name.encode()))
        if path.name in _RENAMED:
            path.rename(path.with_name(_RENAMED[path.name]))


def _put(project: Path, directory: Path) -> None:
    if not directory.exists():
        project.rename(directory)
        return
    # Somebody may be in it, and would find themselves nowhere if it were replaced.
    for each in sorted(project.iterdir()):
        each.rename(directory / each.name)


def _own(project: Path) -> None:
    """Lets the author change it all, with the rights that new files have: those of
    an installation may be read-only."""
    mask = os.umask(0)
    os.umask(mask)
    for path in (project, *project.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
