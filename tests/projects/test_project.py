"""Which project is in a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from kelpie.projects.errors import ProjectUnclear
from kelpie.projects.project import BY_NAME, find_project

MARKERS = {
    "rust": ("Cargo.toml", '[package]\nname = "my_counter"'),
    "go": ("go.mod", "module my_counter"),
    "python": ("pyproject.toml", '[project]\nname = "my_counter"'),
}


def mark(directory: Path, *languages: str) -> None:
    for language in languages:
        name, content = MARKERS[language]
        (directory / name).write_text(content)


@pytest.mark.parametrize("language", BY_NAME)
def test_it_is_known_by_its_files(tmp_path: Path, language: str) -> None:
    mark(tmp_path, language)
    project = find_project(tmp_path)
    assert (project.language.name, project.name) == (language, "my_counter")
    assert project.output == tmp_path / "my_counter.wasm"


@pytest.mark.parametrize("language", BY_NAME)
def test_without_a_name_it_is_called_as_its_directory(tmp_path: Path, language: str) -> None:
    place = tmp_path / "hits"
    place.mkdir()
    (place / MARKERS[language][0]).write_text("")
    assert find_project(place).name == "hits"


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(ProjectUnclear, match="no project") as unclear:
        find_project(tmp_path)
    assert all(name in unclear.value.message for name, _ in MARKERS.values())
    mark(tmp_path, "go")
    with pytest.raises(ProjectUnclear, match=r"no Cargo\.toml"):
        find_project(tmp_path, "rust")


def test_there_are_two(tmp_path: Path) -> None:
    mark(tmp_path, "rust", "python")
    with pytest.raises(ProjectUnclear, match=r"Cargo.toml and pyproject.toml") as unclear:
        find_project(tmp_path)
    assert unclear.value.advice == ("try: --lang rust or python",)
    assert find_project(tmp_path, "python").language.name == "python"


@pytest.mark.parametrize("language", ["rust", "python"])
def test_a_file_that_cannot_be_read(tmp_path: Path, language: str) -> None:
    (tmp_path / MARKERS[language][0]).write_text("[")
    with pytest.raises(ProjectUnclear, match="not TOML"):
        find_project(tmp_path)


def test_a_workspace_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["a"]')
    with pytest.raises(ProjectUnclear, match="workspace"):
        find_project(tmp_path)
