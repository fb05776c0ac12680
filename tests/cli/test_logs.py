"""`kelpie logs`: what actors say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.cli.host import COMMAND, ROGUE, SECONDS_MAX, Served, kelpie, serving
from tests.compiled import with_compiled


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        assert kelpie("deploy", ROGUE, url=host.url).returncode == 0
        yield host


def say(served: Served, key: str, message: str, level: str = "info") -> None:
    told = json.dumps({"message": message, "level": level})
    assert kelpie("invoke", f"rogue/{key}", "log", told, url=served.url).returncode == 0


def test_lines(served: Served) -> None:
    done = kelpie("logs", "rogue/nobody", url=served.url)
    assert (done.returncode, done.stdout) == (0, "")
    assert "kelpie logs rogue/nobody --follow" in done.stderr
    say(served, "a/b", "one\x1b[2J\ntwo", "error")
    say(served, "c", "three", "debug")
    done = kelpie("logs", "rogue", url=served.url)
    one, two, three = done.stdout.splitlines()
    assert " error   default/rogue/a/b turn 1 [" in one
    assert one.endswith("]: one\\x1b[2J")
    assert two.endswith("]: two")
    assert three.endswith("]: three")
    done = kelpie("logs", "rogue/a/b", "--since", "1h", "-o", "json", url=served.url)
    (line,) = map(json.loads, done.stdout.splitlines())
    assert line["message"] == "one\x1b[2J\ntwo"
    done = kelpie("logs", "--level", "warning", "--last", "1", url=served.url)
    assert done.stdout.splitlines() == [one, two]


def follow(served: Served, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, "logs", *words, "--follow", "--url", served.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_following_until_interrupted(served: Served) -> None:
    say(served, "d", "before")
    with follow(served, "rogue/d") as following:
        assert following.stdout is not None
        assert following.stdout.readline().endswith("]: before\n")
        say(served, "e", "another's")
        say(served, "d", "after")
        assert following.stdout.readline().endswith("]: after\n")
        following.send_signal(signal.SIGINT)
        assert following.wait(SECONDS_MAX) == 130
        assert following.stderr is not None
        assert following.stderr.read() == ""


def test_following_until_nobody_reads(served: Served) -> None:
    say(served, "f", "before")
    with follow(served, "rogue/f") as following:
        assert following.stdout is not None
        os.read(following.stdout.fileno(), 1)
        following.stdout.close()
        say(served, "f", "after")
        assert following.wait(SECONDS_MAX) == 1
        assert following.stderr is not None
        assert following.stderr.read() == ""


def test_following_until_the_host_stops(served: Served) -> None:
    say(served, "g", "before")
    with follow(served, "rogue/g") as following:
        assert following.stdout is not None
        assert following.stdout.readline().endswith("]: before\n")
        assert served.end() == 0
        assert following.wait(SECONDS_MAX) == 0
        assert following.stderr is not None
        assert following.stderr.read() == "the host has stopped\n"
