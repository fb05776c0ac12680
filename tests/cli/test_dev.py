"""`kelpie dev`, with a compiler that is none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.host import COMMAND, COUNTER, SECONDS_MAX, kelpie
from tests.projects.fakes import environment_with, fake_cargo, fake_project, write_source


class Developing:
    """`kelpie dev`, and a project that it works on."""

    def __init__(self, process: subprocess.Popen[str], project: Path, talk: Path) -> None:
        self.process = process
        self.project = project
        self.url = ""
        self._talk = talk

    def wait_for(self, words: str, count: int = 1) -> str:
        """Waits until it was said so often; all that was said."""
        end = time.monotonic() + SECONDS_MAX
        while (said := self._talk.read_text()).count(words) < count:
            assert self.process.poll() is None, said
            assert time.monotonic() < end, f"{words!r} was not said: {said}"
            time.sleep(0.02)
        return said

    def add(self) -> dict[str, int]:
        done = kelpie("invoke", "counter/alice", "increment", url=self.url)
        assert done.returncode == 0, done.stderr
        value: dict[str, int] = json.loads(done.stdout)
        return value

    def said(self) -> str:
        return self._talk.read_text()


@contextmanager
def developing(place: Path, more: str = "") -> Iterator[Developing]:
    project = fake_project(place / "project", COUNTER)
    write_source(project, COUNTER, more)
    talk = place / "talk"
    with talk.open("w") as stderr:
        process = subprocess.Popen(
            [COMMAND, "dev", project, "--port", "0", "--data", place / "data"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=environment_with(fake_cargo(place)),
        )
    assert process.stdout is not None
    opened = Developing(process, project, talk)
    try:
        line = process.stdout.readline()
        assert line.startswith("ready on "), talk.read_text()
        opened.url = line.removeprefix("ready on ").strip()
        yield opened
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """The counter with a custom section: another component, which does the same."""
    file = tmp_path / "next.wasm"
    file.write_bytes(COUNTER.read_bytes() + b"\0\x05\x04next")
    return file


def test_it_follows_the_sources(tmp_path: Path, next_version: Path) -> None:
    with developing(tmp_path) as work:
        said = work.wait_for("deployed counter, version 1")
        said = work.wait_for("try: curl")
        assert f"try: curl -X POST {work.url}/v1/actors/counter/alice/increment" in said
        assert "operations: increment, add, get (read-only), reset" in said
        assert work.add() == {"value": 1}
        work.wait_for("POST /v1/actors/counter/alice/increment 200")

        write_source(work.project, COUNTER, "BROKEN")
        said = work.wait_for("waiting for a change")
        assert "error: expected one of `!` or `::`\n" in said, "the compiler's own words"
        assert "kelpie: cargo could not build project: see above" in said
        assert work.add() == {"value": 2}

        # A new directory is followed too.
        (work.project / "src" / "more").mkdir()
        work.wait_for("waiting for a change", 2)
        write_source(work.project, next_version)
        work.wait_for("deployed counter, version 2")
        assert work.add() == {"value": 3}
        (work.project / "src" / "more" / "other.rs").write_text("")
        work.wait_for("unchanged: counter, version 2")

        work.process.send_signal(signal.SIGINT)
        assert work.process.wait(SECONDS_MAX) == 0
        assert "Traceback" not in work.said()


def test_what_it_deploys_is_in_the_audit_log(tmp_path: Path) -> None:
    with developing(tmp_path) as work:
        work.wait_for("deployed counter, version 1")
        [entry] = json.loads(kelpie("audit", "-o", "json", url=work.url).stdout)["entries"]
        told = (entry["principal"], entry["action"], entry["subject"], entry["outcome"])
        assert told == ("dev", "deploy", "counter", "done")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_while_it_builds(tmp_path: Path, number: signal.Signals) -> None:
    with developing(tmp_path, "ENDLESS") as work:
        files = [tmp_path / "cargo.pid", tmp_path / "sleep.pid"]
        end = time.monotonic() + SECONDS_MAX
        while not all(each.exists() and each.read_text() for each in files):
            assert time.monotonic() < end
            time.sleep(0.02)
        work.process.send_signal(number)
        assert work.process.wait(SECONDS_MAX) == 0
        assert "Traceback" not in work.said()
        for each in files:
            while is_running(int(each.read_text())):
                assert time.monotonic() < end, f"{each.name} has not ended"
                time.sleep(0.02)


def test_what_is_no_actor_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.wasm"
    empty.write_bytes(b"\0asm\x01\0\0\0")
    with developing(tmp_path) as work:
        work.wait_for("deployed counter, version 1")
        write_source(work.project, empty)
        assert "component-refused" in work.wait_for("waiting for a change")
        assert work.add() == {"value": 1}


def test_without_a_project_nothing_is_served(tmp_path: Path) -> None:
    done = kelpie("dev", tmp_path, "--port", "0", "--data", tmp_path / "data")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no project" in done.stderr
    assert not (tmp_path / "data").exists()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # One that nobody has waited for is over.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
