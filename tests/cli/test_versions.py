"""Versions from the command line: deploy, check, versions, rollback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.host import COUNTER, LEDGER, Served, kelpie, serving
from tests.compiled import with_compiled
from tests.guests.made import describing


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        yield host


def test_there_and_back(served: Served) -> None:
    url = served.url
    first = kelpie("deploy", COUNTER, "--name", "one", "--strict", "-o", "json", url=url)
    assert first.returncode == 0
    assert json.loads(first.stdout)["number"] == 1
    assert kelpie("invoke", "one/alice", "increment", url=url).stdout == '{"value":1}\n'

    refused = kelpie("deploy", LEDGER, "--name", "one", "--strict", url=url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "deploy-breaking" in refused.stderr
    assert "- 'increment' is gone" in refused.stderr
    second = kelpie("deploy", LEDGER, "--name", "one", url=url)
    assert second.stdout.startswith("deployed one, version 2, ")
    assert "removed: increment, add" in second.stderr
    assert "kelpie rollback one" in second.stderr

    listed = kelpie("versions", "one", url=url)
    head, *rows = listed.stdout.splitlines()
    assert head.split()[:2] == ["VERSION", "DIGEST"]
    assert [row.split()[0] for row in rows] == ["2", "1"]
    assert rows[0].split()[1] == "current"
    assert "kelpie rollback one --to VERSION" in listed.stderr
    some = kelpie("versions", "one", "--limit", "1", "--output", "json", url=url)
    assert [each["number"] for each in json.loads(some.stdout)] == [2]

    back = kelpie("rollback", "one", url=url)
    assert back.stdout.startswith("rolled back one, version 3, ")
    assert "kelpie rollback one --to 2" in back.stderr
    assert kelpie("invoke", "one/alice", "increment", url=url).stdout == '{"value":2}\n'
    same = kelpie("rollback", "one", "--to", "1", url=url)
    assert (same.returncode, same.stdout[:10]) == (0, "unchanged:")
    forth = kelpie("rollback", "one", "--to", "2", "-o", "json", url=url)
    assert json.loads(forth.stdout)["number"] == 4
    named = kelpie("rollback", "one", "--to", "1", url=url)
    assert named.stdout.startswith("rolled back one, version 5, ")
    assert named.stdout.endswith(", as version 1 was\n")


def test_names_of_operations_command_no_terminal(served: Served, tmp_path: Path) -> None:
    evil = tmp_path / "evil.wasm"
    evil.write_bytes(describing(r'{"operations": [{"name": "a\nb\u001b[31m"}]}'))
    assert kelpie("deploy", COUNTER, "--name", "evil", url=served.url).returncode == 0
    for command in ("check", "deploy"):
        told = kelpie(command, str(evil), "--name", "evil", url=served.url)
        assert told.returncode == 0
        assert r"operations: a\nb\x1b[31m" in (told.stdout + told.stderr).splitlines()
    assert r"added: a\nb\x1b[31m" in told.stderr.splitlines()


def test_checking(served: Served) -> None:
    url = served.url
    new = kelpie("check", COUNTER, "--name", "two", url=url)
    assert new.stdout.startswith("new: two, ")
    assert "nothing was deployed; try: kelpie deploy" in new.stderr
    assert "two" not in kelpie("kinds", url=url).stdout
    kelpie("deploy", COUNTER, "--name", "two", url=url)
    same = kelpie("check", COUNTER, "--name", "two", url=url)
    assert (same.returncode, same.stdout[:10], same.stderr) == (0, "unchanged:", "")
    other = kelpie("check", LEDGER, "--name", "two", url=url)
    assert "would take the place of version 1" in other.stdout
    assert "removed: increment" in other.stdout
    strict = kelpie("check", LEDGER, "--name", "two", "--strict", url=url)
    assert (strict.returncode, strict.stdout) == (1, "")
    assert "deploy-breaking" in strict.stderr
    told = kelpie("check", LEDGER, "--name", "two", "-o", "json", url=url)
    assert json.loads(told.stdout)["current"] == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("versions", "nobody"), 1, "kind-not-found"),
        (("versions", "Bad"), 1, "invalid-address"),
        (("rollback", "nobody"), 1, "kind-not-found"),
        (("check", str(Path(__file__)), "--name", "x"), 1, "component-invalid"),
        (("check", "/nowhere.wasm"), 1, "No such file"),
        (("versions",), 2, "KIND"),
        (("versions", "x", "--limit", "0"), 2, "at least 1"),
        (("rollback", "x", "--to", "soon"), 2, "no whole number"),
        (("versions", "x", "-o", "xml"), 2, "xml"),
    ],
)
def test_mistakes(served: Served, words: tuple[str, ...], status: int, said: str) -> None:
    done = kelpie(*words, url=served.url)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_version_to_go_back_to(served: Served) -> None:
    kelpie("deploy", COUNTER, "--name", "only", url=served.url)
    for words in (("rollback", "only"), ("rollback", "only", "--to", "9")):
        done = kelpie(*words, url=served.url)
        assert (done.returncode, done.stdout) == (1, "")
        assert "version-not-found" in done.stderr
        assert "kelpie versions" in done.stderr


def test_undeploying(served: Served) -> None:
    url = served.url
    kelpie("deploy", COUNTER, "--name", "three", url=url)
    kelpie("invoke", "three/alice", "increment", url=url)
    refused = kelpie("undeploy", "three", url=url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "1 with state" in refused.stderr
    assert "--force" in refused.stderr
    done = kelpie("undeploy", "three", "--force", url=url)
    assert (done.returncode, done.stdout) == (0, "deleted three, and what it kept of 1 actor\n")
    again = kelpie("undeploy", "three", url=url)
    assert (again.returncode, again.stdout) == (1, "")
    assert "kind-not-found" in again.stderr
    kelpie("deploy", COUNTER, "--name", "three", url=url)
    told = kelpie("undeploy", "three", "-o", "json", url=url)
    assert json.loads(told.stdout)["actors"] == 0
    assert kelpie("undeploy", url=url).returncode == 2
