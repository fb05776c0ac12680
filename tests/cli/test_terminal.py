"""What is shown on a terminal, and only there: progress and colors."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.host import COMMAND, COUNTER, ROGUE, SECONDS_MAX, Served, kelpie, serving
from tests.compiled import with_compiled

CLEAR = "\r\x1b[K"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        for file in (COUNTER, ROGUE):
            assert kelpie("deploy", file, url=host.url).returncode == 0
        yield host


def said(url: str, *words: object, **environment: str) -> str:
    """What a command says on stderr, which is a terminal."""
    return _seen(url, words, environment, "stderr")


def shown(url: str, *words: object) -> str:
    """What a command prints to stdout, which is a terminal."""
    return _seen(url, words, {}, "stdout").replace("\r\n", "\n")


def _seen(url: str, words: tuple[object, ...], environment: dict[str, str], where: str) -> str:
    ours, its = os.openpty()
    process = subprocess.Popen(
        [COMMAND, *map(str, words)],
        env={**os.environ, "KELPIE_URL": url, "TERM": "xterm", "NO_COLOR": "", **environment},
        stdin=subprocess.DEVNULL,
        stdout=its if where == "stdout" else subprocess.DEVNULL,
        stderr=its if where == "stderr" else subprocess.DEVNULL,
    )
    os.close(its)
    told = b""
    try:
        while piece := os.read(ours, 65536):
            told += piece
    except OSError:
        pass  # the other side is closed
    os.close(ours)
    process.wait(SECONDS_MAX)
    return told.decode()


def test_an_upload_shows_how_far_it_is(served: Served) -> None:
    told = said(served.url, "deploy", COUNTER)
    begun, uploaded, rest = told.removeprefix(CLEAR).split(CLEAR)
    size = f"{COUNTER.stat().st_size / 1024:.1f} KiB"
    assert begun == f"uploading counter [------------------------] 0 B of {size}"
    assert uploaded.startswith("uploaded counter")
    # Nothing of it stays.
    assert rest.startswith("imports: ")
    assert said(served.url, "check", COUNTER).startswith(f"{CLEAR}uploading counter")
    assert said(served.url, "inspect", COUNTER).endswith(f"and compiling it ...{CLEAR}")
    assert said(served.url, "deploy", COUNTER, TERM="dumb").startswith("imports: ")


def test_mistakes_are_red(served: Served) -> None:
    words = ("show", "nothing/x")
    assert said(served.url, *words).startswith("\x1b[31mkelpie: \x1b[0mNo component")
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert said(served.url, *words, **environment).startswith("kelpie: No component")


@pytest.mark.parametrize(
    "words",
    [("deploy", str(COUNTER)), ("kinds",), ("show", "nothing/x"), ("inspect", str(COUNTER))],
)
def test_elsewhere_there_is_neither(served: Served, words: tuple[str, ...]) -> None:
    done = kelpie(*words, url=served.url)
    assert "\x1b" not in done.stdout + done.stderr
    assert "compil" not in done.stderr


def test_what_an_actor_has_stored_commands_no_terminal(served: Served) -> None:
    evil = '"\u009b31m\u202e"'
    assert kelpie("invoke", "rogue/a", "save", evil, url=served.url).returncode == 0
    assert kelpie("state", "rogue/a", url=served.url).stdout == f"{evil}\n"
    for words in (("state", "rogue/a"), ("invoke", "rogue/a", "echo", evil)):
        assert shown(served.url, *words) == '"\\u009b31m\\u202e"\n'
        told = shown(served.url, *words, "-o", "json")
        assert json.loads(told)["value"] == json.loads(evil)
        assert "\u009b" not in told


def test_nor_do_the_answers_of_many_turns(served: Served, tmp_path: Path) -> None:
    line = '{"kind": "rogue", "key": "b", "operation": "echo", "argument": "\u009b\u0085"}\n'
    (tmp_path / "lines").write_text(line)
    assert "\u009b" in kelpie("stream", tmp_path / "lines", url=served.url).stdout
    told = shown(served.url, "stream", tmp_path / "lines")
    assert json.loads(told)["value"] == "\u009b\u0085"
    assert "\u009b" not in told
