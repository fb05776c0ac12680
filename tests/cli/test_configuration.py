"""Configuration, secrets and grants from the command line."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from kelpie.cli.main import main
from tests.cli.host import COMMAND, COUNTER, LEDGER, ROOT, Served, serving
from tests.compiled import with_compiled

ROGUE = ROOT / "tests" / "guests" / "rogue.wasm"
NOWHERE = "http://127.0.0.1:1"
VALUE = "correct-horse-battery"


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


class Kelpie(Protocol):
    def __call__(self, *words: str | Path, url: str = ..., stdin: str | None = ...) -> Done: ...


@pytest.fixture
def kelpie(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Kelpie:
    """Runs a command in this process, which takes a tenth of the time."""

    def run(*words: str | Path, url: str = NOWHERE, stdin: str | None = None) -> Done:
        capfd.readouterr()
        with tempfile.TemporaryFile("w+") as given:
            given.write(stdin or "")
            given.seek(0)
            monkeypatch.setattr(sys, "stdin", given)
            monkeypatch.setenv("KELPIE_URL", url)
            try:
                status = main(list(map(str, words)))
            except SystemExit as wrong:
                status = int(str(wrong.code))
        return Done(status, *capfd.readouterr())

    return run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_compiled(tmp_path_factory.mktemp("host") / "data")


@pytest.fixture(scope="module")
def served(data: Path) -> Iterator[Served]:
    before = os.umask(0)
    try:
        with serving(data) as host:
            yield host
    finally:
        os.umask(before)


def test_config(kelpie: Kelpie, served: Served) -> None:
    url = served.url
    assert kelpie("deploy", ROGUE, "--name", "one", url=url).returncode == 0
    nothing = kelpie("config", "one", url=url)
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "kelpie config one set NAME=VALUE" in nothing.stderr
    done = kelpie("config", "one", "set", "COLOR=red", "QUERY=a=b", url=url)
    assert (done.returncode, done.stdout) == (0, "set COLOR, QUERY: one, version 2\n")
    listed = kelpie("config", "one", url=url)
    assert listed.stdout.split() == ["NAME", "VALUE", "COLOR", "red", "QUERY", "a=b"]
    for words in (
        ("one", "-o", "json"),
        ("one", "list", "-o", "json"),
        ("-o", "json", "one", "list"),
    ):
        assert json.loads(kelpie("config", *words, url=url).stdout) == {
            "COLOR": "red",
            "QUERY": "a=b",
        }
    assert kelpie("invoke", "one/a", "config", '{"name": "COLOR"}', url=url).stdout == (
        '{"value":"red"}\n'
    )
    same = kelpie("config", "one", "set", "COLOR=red", url=url)
    assert same.stdout == "unchanged: one, version 2, has COLOR set already\n"
    assert kelpie("config", "one", "unset", "QUERY", url=url).stdout.startswith("unset QUERY: one")
    typo = kelpie("config", "one", "unset", "COLOUR", url=url)
    assert typo.stdout.startswith("unchanged: ")
    assert "there is COLOR" in typo.stderr
    versions = kelpie("versions", "one", url=url).stdout.splitlines()
    assert "config +COLOR +QUERY" in versions[2]
    assert "config -QUERY" in versions[1]
    back = kelpie("rollback", "one", "-o", "json", url=url)
    assert json.loads(back.stdout)["number"] == 4
    assert "QUERY" in kelpie("config", "one", url=url).stdout
    unread = kelpie("deploy", COUNTER, "--name", "two", url=url)
    assert unread.returncode == 0
    assert "does not import config" in kelpie("config", "two", "set", "A=b", url=url).stderr


def test_secrets(kelpie: Kelpie, served: Served) -> None:
    url = served.url
    kelpie("deploy", ROGUE, "--name", "three", url=url)
    said = [
        kelpie("secret", "three", url=url),
        kelpie("secret", "three", "set", "TOKEN", url=url, stdin=f"{VALUE}\n"),
        kelpie("secret", "three", "set", "TOKEN", url=url, stdin=VALUE),
        kelpie("secret", "three", "set", "OTHER", "-o", "json", url=url, stdin=f"{VALUE}\r\n\n"),
        kelpie("secret", "three", url=url),
        kelpie("secret", "three", "list", "-o", "json", url=url),
        kelpie("secret", "three", "set", "BAD NAME", url=url, stdin=VALUE),
        kelpie("secret", "three", "set", "A", url=url, stdin=VALUE * 9000),
        kelpie("secret", "nobody", "set", "A", url=url, stdin=VALUE),
        kelpie("secret", "three", "set", "A", stdin=VALUE),
        kelpie("versions", "three", url=url),
        kelpie("invoke", "three/a", "secret", '{"name": "TOKEN", "how": "log"}', url=url),
        kelpie("invoke", "three/a", "secret", '{"name": "TOKEN", "how": "fail"}', url=url),
        kelpie("show", "three/a", url=url),
        kelpie("secret", "three", "unset", "OTHER", url=url),
    ]
    assert [each.returncode for each in said] == [0] * 6 + [1] * 4 + [0, 0, 1, 0, 0]
    assert said[1].stdout == "set TOKEN: three, version 2\n"
    assert said[2].stdout.startswith("unchanged: ")
    told = kelpie("invoke", "three/a", "secret", '{"name": "TOKEN"}', url=url)
    assert json.loads(told.stdout) == {"value": VALUE}
    for each in said:
        assert VALUE not in each.stdout + each.stderr
    assert VALUE not in served.talk.read_text()
    assert "TOKEN is [secret]" in served.talk.read_text()
    nothing = kelpie("secret", "three", "set", "A", url=url, stdin="\n")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "there is no value" in nothing.stderr


def test_a_secret_is_asked_for_without_echo(kelpie: Kelpie, served: Served) -> None:
    kelpie("deploy", ROGUE, "--name", "four", url=served.url)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "secret", "four", "set", "TOKEN", "--url", served.url],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while b"value of TOKEN: " not in shown:
        shown += os.read(ours, 1000)
    os.write(ours, f"{VALUE}\n".encode())
    stdout, _ = process.communicate(timeout=60)
    while True:
        try:
            piece = os.read(ours, 1000)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.returncode == 0
    assert stdout == b"set TOKEN: four, version 2\n"
    assert VALUE.encode() not in shown


@pytest.mark.parametrize(
    "words",
    [
        ("config",),
        ("config", "one", "set"),
        ("config", "one", "set", "COLOR"),
        ("config", "one", "set", "=red"),
        ("config", "one", "unset"),
        ("config", "one", "sett", "A=b"),
        ("secret", "one", "set"),
        ("secret", "one", "set", "A", "value"),
    ],
)
def test_wrong_usage(kelpie: Kelpie, words: tuple[str, ...]) -> None:
    wrong = kelpie(*words)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Traceback" not in wrong.stderr


def test_grants(kelpie: Kelpie, served: Served) -> None:
    url = served.url
    refused = kelpie("deploy", LEDGER, "--name", "five", "--grant", "state", url=url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "imports-not-granted" in refused.stderr
    assert "it imports kv" in refused.stderr
    done = kelpie("deploy", COUNTER, "--name", "five", "--grant", "kv,state", url=url)
    assert "imports: state (granted: state, kv)" in done.stderr
    checked = kelpie("check", LEDGER, "--name", "five", url=url)
    assert "imports: state, kv (granted: state, kv)" in checked.stdout
    assert "imports that it did not have before: kv" in checked.stdout
    assert kelpie("check", ROGUE, "--name", "five", url=url).returncode == 1
    lifted = kelpie("check", ROGUE, "--name", "five", "--grant", "all", url=url)
    assert "(granted: all of it)" in lifted.stdout
    assert " state,kv " in kelpie("versions", "five", url=url).stdout
    assert "grants    state,kv\n" in kelpie("inspect", LEDGER).stdout


def test_nobody_else_reads_what_is_kept(kelpie: Kelpie, served: Served, data: Path) -> None:
    kelpie("deploy", ROGUE, "--name", "six", url=served.url)
    kelpie("secret", "six", "set", "TOKEN", url=served.url, stdin=VALUE)
    places = [data, *data.rglob("*")]
    assert {"kelpie.db", "kelpie.db-wal", "kelpie.db-shm"} <= {each.name for each in places}
    for place in places:
        mode = stat.S_IMODE(place.stat().st_mode)
        assert mode == (0o700 if place.is_dir() else 0o600), f"{place} has mode {mode:o}"
    copy = data.parent / "backup"
    assert kelpie("backup", copy, "--data", data).returncode == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert VALUE.encode() in copy.read_bytes(), "docs/configuration.md says so"
    assert "nobody else" in kelpie("doctor", "--data", data, url=served.url).stdout
    data.chmod(0o777)
    try:
        changeable = kelpie("doctor", "--data", data, url=served.url).stdout
        data.chmod(0o755)
        (data / "kelpie.db").chmod(0o644)
        open_ = kelpie("doctor", "--data", data, url=served.url).stdout
    finally:
        (data / "kelpie.db").chmod(0o600)
        data.chmod(0o700)
    assert "others may read kelpie.db" in open_
    assert f"others can change {data}: chmod go-w" in changeable


@pytest.mark.parametrize("words", [("API_KEY=s3cr3t",), ("API_KEY", "s3cr3t"), ("s3cr3t==",)])
def test_a_secret_on_the_command_line_is_not_repeated(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["secret", "rogue", "set", *words])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert "a value does not belong on the command line" in said.err
    assert "s3cr3t" not in said.err
