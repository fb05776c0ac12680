"""What is shown on a terminal, and only there: progress and colors."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.cli.host import COMMAND, COUNTER, SECONDS_MAX, Served, kelpie, serving
from tests.compiled import with_compiled

CLEAR = "\r\x1b[K"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        assert kelpie("deploy", COUNTER, url=host.url).returncode == 0
        yield host


def said(url: str, *words: object, **environment: str) -> str:
    """What a command says on stderr, which is a terminal."""
    ours, its = os.openpty()
    process = subprocess.Popen(
        [COMMAND, *map(str, words)],
        env={**os.environ, "KELPIE_URL": url, "TERM": "xterm", "NO_COLOR": "", **environment},
        stdout=subprocess.DEVNULL,
        stderr=its,
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
