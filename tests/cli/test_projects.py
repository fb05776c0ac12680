"""`kelpie new` and `kelpie build`, with a compiler that is none."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from kelpie.cli.operations import told_operations
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.kinds.script import script_of
from kelpie.wasm.description import Manifest, Operation
from kelpie.wasm.inspection import Inspection
from tests.cli.host import COMMAND, COUNTER, SECONDS_MAX
from tests.projects.fakes import environment_with, fake_cargo, fake_project, write_source


def kelpie(
    *words: str | Path, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return fake_project(tmp_path / "project", COUNTER)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment_with(fake_cargo(tmp_path_factory.mktemp("tools")))


@pytest.mark.parametrize(
    ("language", "title"), [("rust", "Rust"), ("go", "Go"), ("python", "Python")]
)
def test_new(tmp_path: Path, language: str, title: str) -> None:
    done = kelpie("new", "hits", "--lang", language, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"made hits: hits, an actor in {title}\n")
    assert "try: cd hits\nthen: kelpie dev\n" in done.stderr
    again = kelpie("new", "hits", "--lang", language, cwd=tmp_path)
    assert (again.returncode, again.stdout) == (1, "")
    assert "not empty" in again.stderr


def test_new_where_one_is(tmp_path: Path) -> None:
    done = kelpie("new", "hits", "--lang", "go", "--directory", ".", cwd=tmp_path)
    assert done.returncode == 0
    assert "cd" not in done.stderr.split()
    assert (tmp_path / "go.mod").read_text().startswith("module example.com/hits\n")


def test_new_says_what_is_missing(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    environment = {**environment_with(tools), "PATH": str(tools)}
    done = kelpie("new", "hits", "--lang", "rust", cwd=tmp_path, environment=environment)
    assert done.returncode == 0
    assert "there is no Rust on this machine" in done.stderr
    assert "rustup target add wasm32-unknown-unknown" in done.stderr
    built = kelpie("build", "hits", cwd=tmp_path, environment=environment)
    assert (built.returncode, built.stdout) == (1, "")
    assert "kelpie: there is no Rust on this machine" in built.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("Hits", "--lang", "go"), "is no name for a kind"),
        (("a" * 65, "--lang", "go"), "is no name for a kind"),
        (("hits", "--lang", "pyhton"), "did you mean python?"),
        (("hits",), "--lang"),
    ],
)
def test_new_that_cannot_be(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = kelpie("new", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert not list(tmp_path.iterdir())


def test_build(project: Path, environment: dict[str, str]) -> None:
    done = kelpie("build", cwd=project, environment=environment)
    assert (done.returncode, done.stdout) == (0, "built counter.wasm, 28.2 KiB\n"), done.stderr
    assert done.stderr.splitlines() == [
        "imports: state",
        "operations: increment, add, get (read-only), reset",
        "sealed: it reaches nothing but what the contract offers",
        "try: kelpie deploy counter.wasm",
    ]
    assert (project / "counter.wasm").read_bytes() == COUNTER.read_bytes()
    assert not list(project.glob(".counter*")), "nothing is left behind"


def test_what_is_told_of_operations() -> None:
    operations = [Operation("add"), Operation("get", read_only=True), Operation("go", durable=True)]
    manifest = Manifest("", {each.name: each for each in operations})
    told = told_operations(Inspection("component", "", 0, manifest=manifest).operations)
    assert told == "add, get (read-only), go (durable)"
    assert told_operations(Inspection("component", "", 0).operations) == "none"


def test_build_elsewhere(project: Path, environment: dict[str, str], tmp_path: Path) -> None:
    done = kelpie("build", project, "-o", "made.wasm", cwd=tmp_path, environment=environment)
    assert done.stdout == "built made.wasm, 28.2 KiB\n"
    assert (tmp_path / "made.wasm").read_bytes() == COUNTER.read_bytes()
    assert not (project / "counter.wasm").exists()
    done = kelpie("build", project, "-o", "no/made.wasm", cwd=tmp_path, environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("out", "told"), [(".", "is a directory"), ("nowhere/x.wasm", "there is no directory")]
)
def test_build_where_no_file_can_be(
    project: Path, environment: dict[str, str], out: str, told: str
) -> None:
    done = kelpie("build", "--out", out, cwd=project, environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("kelpie: ")
    assert told in done.stderr
    assert "\n  try: " in done.stderr
    assert "Compiling" not in done.stderr


def test_build_with_a_script(project: Path, environment: dict[str, str]) -> None:
    (project / "script.jsonl").write_text('{"operation": "get"}\n')
    assert kelpie("build", cwd=project, environment=environment).returncode == 0
    built = (project / "counter.wasm").read_bytes()
    assert [step.operation for step in script_of(built, DEFAULT_LIMITS)] == ["get"]
    (project / "script.jsonl").write_text("get\n")
    done = kelpie("build", cwd=project, environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "line 1 is no JSON" in done.stderr


def test_build_that_fails(project: Path, environment: dict[str, str]) -> None:
    (project / "counter.wasm").write_text("of before")
    write_source(project, COUNTER, "BROKEN")
    done = kelpie("build", cwd=project, environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: expected one of `!` or `::`\nkelpie: cargo could not build project: see above\n"
    )
    assert (project / "counter.wasm").read_text() == "of before"


def test_build_of_what_is_no_actor(project: Path, environment: dict[str, str]) -> None:
    module = project / "module.wasm"
    module.write_bytes(b"\0asm\x01\0\0\0")
    write_source(project, module)
    done = kelpie("build", cwd=project, environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "component-refused" in done.stderr
    assert "nothing was written to counter.wasm" in done.stderr


def test_build_of_nothing(tmp_path: Path) -> None:
    done = kelpie("build", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"there is no project in {tmp_path}" in done.stderr
    assert "kelpie new NAME" in done.stderr


def test_build_that_is_interrupted(tmp_path: Path) -> None:
    project = fake_project(tmp_path / "project", COUNTER)
    write_source(project, COUNTER, "ENDLESS")
    process = subprocess.Popen(
        [COMMAND, "build", project],
        env=environment_with(fake_cargo(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + SECONDS_MAX
    started = tmp_path / "sleep.pid"
    while not (started.exists() and started.read_text()):
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, said = process.communicate(timeout=SECONDS_MAX)
    assert (process.returncode, output, said) == (130, "", "")
    state = Path(f"/proc/{int(started.read_text())}/stat")
    while state.exists() and ") Z" not in state.read_text():
        assert time.monotonic() < end, "what cargo had started has not ended"
        time.sleep(0.02)
