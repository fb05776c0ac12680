"""A project's folders have an end, or it is said where they have none."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from kelpie_actor_build import BuildError, build, folders
from kelpie_actor_build.folders import check_folders


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "outer" / "project"
    folder.mkdir(parents=True)
    (folder / "app.py").write_text("")
    return folder


@pytest.mark.parametrize("target", ["/", "..", "../link"])
def test_a_link_back_is_named_where_there_is_no_end(
    project: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "ENTRIES_MAX", 2_000)
    (project.parent / "link").symlink_to(project.parent.parent)
    for name in ("below", "other"):
        # Two ways at each step: no computer goes all of them.
        (project / name).mkdir()
        (project / name / "back").symlink_to(target if target == "/" else project / target)
    told = rf"^{re.escape(str(project))}/.* leads to .*, which it lies in itself: .* Remove"
    with pytest.raises(BuildError, match=told):
        build(project, project / "out.wasm")
    assert not (project / "out.wasm").exists()


def test_a_link_back_with_an_end_does_no_harm(project: Path) -> None:
    (project / "itself").symlink_to(project)
    check_folders((project,))


def test_what_cannot_be_read_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "closed").mkdir()
    scandir = os.scandir

    def refused(folder: os.PathLike[str]) -> object:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(BuildError, match="closed is in the project and cannot be read: Perm"):
        check_folders((project,))


def test_other_links_are_as_good_as_what_they_lead_to(project: Path) -> None:
    shared = project.parent / "shared"
    (shared / "one").mkdir(parents=True)
    (shared / "two").symlink_to(shared / "one")
    (project / "first").symlink_to(shared)
    (project / "second").symlink_to(shared)
    (project / "lost").symlink_to("nowhere")
    (project / "nothing").symlink_to("nothing")
    (project / "file").symlink_to(project / "app.py")
    check_folders((project, shared))


def test_too_many_files_are_told_by_where_most_are(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "ENTRIES_MAX", 10)
    (project / "many" / "more").mkdir(parents=True)
    for number in range(7):
        (project / "many" / "more" / str(number)).touch()
    check_folders((project,))
    (project / "one").touch()
    with pytest.raises(BuildError, match=r"more than 10 files below it, most of them in many:"):
        check_folders((project,))
