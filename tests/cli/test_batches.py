"""`kelpie batch` and `kelpie stream`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.host import COMMAND, COUNTER, ROOT, SECONDS_MAX, Served, kelpie, serving
from tests.compiled import with_compiled

ROGUE = ROOT / "tests" / "guests" / "rogue.wasm"
ADD = '{"operation": "add", "argument": 5}\n'
GET = '{"operation": "get"}'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        for file in (COUNTER, ROGUE):
            assert kelpie("deploy", file, url=host.url).returncode == 0
        yield host


def turn(key: str, operation: str, **more: object) -> str:
    return json.dumps({"kind": "counter", "key": key, "operation": operation, **more}) + "\n"


def test_a_batch_from_stdin_and_from_a_file(served: Served, tmp_path: Path) -> None:
    for words in (("batch", "counter/a"), ("batch", "counter/a", "-")):
        done = kelpie(*words, "--id", "one", url=served.url, stdin=ADD + GET)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == '{"value":5}\n{"value":5}\n'
    file = tmp_path / "lines"
    file.write_text(ADD * 1000)
    done = kelpie("batch", "counter/a", file, url=served.url)
    assert done.stdout.splitlines()[-1] == '{"value":5005}'


def test_for_programs(served: Served) -> None:
    done = kelpie("batch", "counter/json", "-o", "json", url=served.url, stdin=ADD + GET)
    assert json.loads(done.stdout) == [{"value": 5}, {"value": 5}]
    lines = turn("json", "get")
    plain, as_json = (
        kelpie("stream", *words, url=served.url, stdin=lines) for words in ((), ("-o", "json"))
    )
    assert json.loads(as_json.stdout)["value"] == json.loads(plain.stdout)["value"] == {"value": 5}


def test_what_a_batch_is_refused_for(served: Served, tmp_path: Path) -> None:
    done = kelpie("batch", "counter/b", url=served.url, stdin=ADD + '{"operation": "nap"}')
    assert (done.returncode, done.stdout) == (1, "")
    assert "unknown-operation" in done.stderr
    assert "index, counted from 0: 1" in done.stderr
    done = kelpie("batch", "rogue/b", url=served.url, stdin=ADD)
    assert done.returncode == 1
    assert "kelpie stream" in done.stderr
    done = kelpie("batch", "counter/b", url=served.url, stdin="")
    assert done.returncode == 2
    assert "there is no operation to do" in done.stderr
    done = kelpie("batch", "counter/b", tmp_path / "none", url=served.url)
    assert done.returncode == 1
    assert "No such file" in done.stderr
    done = kelpie("batch", "counter/b", stdin=ADD)
    assert done.returncode == 1
    assert "no host answers" in done.stderr


def test_turns_of_many_actors(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_text(turn("c", "add", argument=5) + turn("d", "increment") + turn("c", "get"))
    done = kelpie("stream", file, url=served.url)
    assert (done.returncode, done.stderr) == (0, "")
    answers = {each["index"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert [answers[index]["value"] for index in range(3)] == [
        {"value": 5},
        {"value": 1},
        {"value": 5},
    ]
    done = kelpie("stream", url=served.url, stdin=turn("c", "nap") + "what?\n" + turn("c", "get"))
    assert done.returncode == 1
    assert "2 of 3 failed" in done.stderr
    found = map(json.loads, done.stdout.splitlines())
    problems = {each["index"]: each.get("problem") for each in found}
    assert problems[0]["code"] == "rejected"
    assert problems[1]["code"] == "invalid-request"
    assert problems[2] is None


def test_answers_come_while_lines_are_typed(served: Served) -> None:
    process = subprocess.Popen(
        [COMMAND, "stream"],
        env={**os.environ, "KELPIE_URL": served.url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for value in (1, 2):
        process.stdin.write(turn("e", "increment"))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["value"] == {"value": value}
    process.stdin.close()
    assert process.wait(60) == 0
    process.stdout.close()


def test_nobody_waits_for_what_is_never_typed() -> None:
    process = subprocess.Popen(
        [COMMAND, "stream", "--url", "http://127.0.0.1:1"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.wait(60) == 1
    assert process.stdin is not None
    assert process.stderr is not None
    assert "no host answers" in process.stderr.read()
    process.stdin.close()
    process.stderr.close()


def test_a_host_that_stops_says_so(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        process = subprocess.Popen(
            [COMMAND, "stream"],
            env={**os.environ, "KELPIE_URL": served.url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(turn("a", "get"))
        process.stdin.flush()
        first = json.loads(process.stdout.readline())
        assert (first["index"], first["problem"]["code"]) == (0, "kind-not-found")
        assert served.end() == 0
        # Its stdin is open still.
        last = json.loads(process.stdout.readline())
        assert (last["index"], last["problem"]["code"]) == (None, "draining")
        assert process.wait(SECONDS_MAX) == 1
        _, told = process.communicate()
    assert "the host has read no further lines: the host is stopping" in told
    assert "1 of 1 failed" in told
