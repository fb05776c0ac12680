"""The wheel is all that a user has: no checkout, and no environment of its developers.

In a directory of their own, with the toolchains of this machine, they go from
nothing to an actor that replies.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

import pytest

from kelpie.projects.errors import ToolchainMissing
from kelpie.projects.go import GoToolchain
from kelpie.projects.project import BY_NAME
from tests.packaging.served import served_by
from tests.projects.toolchains import kept

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 900
UNIT_TESTS = {
    "rust": ("cargo", "test"),
    "go": ("go", "test", "."),
    "python": ("python", "-m", "pytest", "-q"),
}


# What componentize-py makes depends on more than the sources.
DETERMINISTIC = {"rust", "go"}


class Where(TypedDict):
    cwd: Path
    environment: Mapping[str, str]


def run(*words: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        words,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made of what is under version control, or will be."""
    place = tmp_path_factory.mktemp("wheel")
    listed = run("git", "ls-files", "-coz", "--exclude-standard", cwd=ROOT)
    for name in listed.rstrip("\0").split("\0"):
        if os.path.lexists(ROOT / name):
            target = place / "sources" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")
    run(*pip, "--wheel-dir", place, place / "sources", cwd=place)
    [made] = place.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def user(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody who has installed it, and nothing else."""
    home = tmp_path_factory.mktemp("home")
    run(sys.executable, "-m", "venv", home / "venv", cwd=home)
    commands = home / "venv" / "bin"
    # pytest is for the tests of their own.
    run(commands / "pip", "install", "--quiet", f"{wheel}[python]", "pytest", cwd=home)
    unwanted = {"PYTHONPATH", "VIRTUAL_ENV", "KELPIE_URL"}
    left = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {
        **left,
        **kept(),
        "PATH": f"{commands}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(home / "cache"),
    }


def test_what_is_in_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "kelpie/wasm/actor.wit",
        "kelpie/componentizer/componentizer.wasm",
        "kelpie/projects/templates/rust/src/lib.rs",
        "kelpie/projects/templates/go/actor.go",
        "kelpie/projects/templates/python/app.py",
        "kelpie/projects/sdks/rust/kelpie/src/lib.rs",
        "kelpie/projects/sdks/go/kelpie.go",
        "kelpie_actor/__init__.py",
        "kelpie_actor_build/__init__.py",
    ):
        assert wanted in names
    assert not [name for name in names if "/target/" in name or "__pycache__" in name]


@pytest.mark.parametrize("language", BY_NAME)
def test_from_nothing_to_a_reply(language: str, user: dict[str, str], tmp_path: Path) -> None:
    toolchain = None
    try:
        toolchain = BY_NAME[language].toolchain(tmp_path)
    except ToolchainMissing as missing:
        # The extra of Kelpie's own is installed, whatever this environment has.
        if language != "python":
            pytest.skip(f"{language}: {missing.message}")
    name = f"{language}-hits"
    here: Where = {"cwd": tmp_path, "environment": user}
    run("kelpie", "new", name, "--lang", language, **here)
    project = tmp_path / name
    if isinstance(toolchain, GoToolchain):
        # It is found where it is usual, and the unit tests want it on the path.
        user = {**user, "PATH": f"{user['PATH']}:{toolchain.go.parent}"}
    run(*UNIT_TESTS[language], cwd=project, environment=user)

    assert run("kelpie", "build", cwd=project, environment=user).startswith(f"built {name}.wasm, ")
    component = project / f"{name}.wasm"
    if language in DETERMINISTIC:
        # Another directory, and another time.
        run("kelpie", "new", name, "--lang", language, "--directory", "again", **here)
        run("kelpie", "build", "again", "-o", "again.wasm", **here)
        assert (tmp_path / "again.wasm").read_bytes() == component.read_bytes()
    told = json.loads(
        run("kelpie", "inspect", component, "-o", "json", cwd=project, environment=user)
    )
    assert told["sealed"]
    assert [each["name"] for each in told["operations"]] == ["add", "get", "reset"]
    assert all(each["doc"] for each in told["operations"])
    assert told["doc"] == "Counts, and never below zero."

    with served_by("kelpie", tmp_path / "data", user) as url:
        asking = {**user, "KELPIE_URL": url}

        def ask(*words: str) -> str:
            return run("kelpie", *words, cwd=project, environment=asking)

        assert ask("deploy", component.name).startswith(f"deployed {name}, version 1, ")
        assert json.loads(ask("invoke", f"{name}/alice", "add")) == {"value": 1}
        assert json.loads(ask("invoke", f"{name}/alice", "add", '{"amount": 5}')) == {"value": 6}
        assert json.loads(ask("invoke", f"{name}/alice", "get")) == {"value": 6}
        assert json.loads(ask("state", f"{name}/alice")) == {"version": 1, "state": {"value": 6}}
