"""New projects, without building them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kelpie.projects.errors import DirectoryInUse, ProjectError
from kelpie.projects.project import BY_NAME, find_project
from kelpie.projects.scaffold import scaffold

LANGUAGES = list(BY_NAME.values())


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.name)
def test_a_project_is_whole(tmp_path: Path, language) -> None:  # type: ignore[no-untyped-def]
    place = tmp_path / "below" / "my-hits"
    scaffold(language, "my-hits", place)
    project = find_project(place)
    assert (project.language, project.name) == (language, "my-hits")
    own = [each for each in place.rglob("*") if each.is_file() and "kelpie-sdk" not in each.parts]
    names = {each.name for each in own}
    assert {"README.md", ".gitignore", language.marker} <= names
    for each in own:
        assert "name-of-actor" not in each.read_text(), each
    assert "kelpie invoke my-hits/alice add" in (place / "README.md").read_text()
    assert [each.name for each in place.parent.iterdir()] == ["my-hits"], "nothing is left behind"


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.name)
def test_all_of_it_can_be_changed(tmp_path: Path, language) -> None:  # type: ignore[no-untyped-def]
    scaffold(language, "hits", tmp_path / "hits")
    for each in (tmp_path / "hits").rglob("*"):
        assert not each.is_symlink(), each
        assert each.stat().st_mode & stat.S_IWUSR, each


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    before = tmp_path.stat().st_ino
    scaffold(BY_NAME["go"], "hits", tmp_path)
    assert (tmp_path / "go.mod").is_file()
    assert tmp_path.stat().st_ino == before, "who is in it finds the project there"


@pytest.mark.parametrize("content", ["directory", "file"])
def test_what_is_there_is_left_alone(tmp_path: Path, content: str) -> None:
    place = tmp_path / "hits"
    if content == "directory":
        place.mkdir()
        (place / "mine").write_text("mine")
    else:
        place.write_text("mine")
    with pytest.raises(DirectoryInUse, match="not empty"):
        scaffold(BY_NAME["go"], "hits", place)
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] in (["mine"], ["hits"])


@pytest.mark.parametrize(("language", "name"), [("rust", "kelpie"), ("go", "con"), ("go", "lpt1")])
def test_some_names_are_taken(tmp_path: Path, language: str, name: str) -> None:
    with pytest.raises(ProjectError, match=f"cannot be called {name}"):
        scaffold(BY_NAME[language], name, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["go", "fmt", "main", "std", "kelpie"])
def test_a_module_of_go_is_none_of_the_standard_library(tmp_path: Path, name: str) -> None:
    scaffold(BY_NAME["go"], name, tmp_path / name)
    assert (tmp_path / name / "go.mod").read_text().startswith(f"module example.com/{name}\n")
    assert find_project(tmp_path / name).name == name
