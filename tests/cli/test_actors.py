"""The commands that look at actors, and the one that deletes one."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator

import pytest

from tests.cli.host import COMMAND, COUNTER, LEDGER, Served, kelpie, serving
from tests.compiled import with_compiled

KEYS = ["al", "alice", "alice/b", "bob"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        assert kelpie("deploy", COUNTER, url=host.url).returncode == 0
        assert kelpie("deploy", LEDGER, url=host.url).returncode == 0
        for key in KEYS:
            assert kelpie("invoke", f"counter/{key}", "increment", url=host.url).returncode == 0
        for item in ("one", "2.50"):
            words = ("invoke", "ledger/x", "append", json.dumps({"item": item}))
            done = kelpie(*words, url=host.url)
            assert done.returncode == 0, done.stderr
        yield host


def test_listing(served: Served) -> None:
    done = kelpie("actors", "counter", url=served.url)
    head, *rows = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert head.split() == ["KEY", "TURNS", "DEPLOY", "EPOCH", "ACTIVE"]
    assert [row.split() for row in rows] == [[key, "1", "1", "1", "yes"] for key in KEYS]
    done = kelpie("actors", "counter", "--prefix", "al", "--limit", "2", url=served.url)
    assert [row.split()[0] for row in done.stdout.splitlines()[1:]] == ["al", "alice"]
    assert "--after=alice\n" in done.stderr
    words = ("actors", "counter", "--after", "alice", "-o", "json")
    found = json.loads(kelpie(*words, url=served.url).stdout)
    assert [each["key"] for each in found["actors"]] == ["alice/b", "bob"]
    assert found["after"] is None


def test_long_keys_are_cut_in_tables_alone(served: Served) -> None:
    key = "long" * 25
    assert kelpie("invoke", f"counter/{key}", "increment", url=served.url).returncode == 0
    words = ("actors", "counter", "--prefix", "long")
    row = kelpie(*words, url=served.url).stdout.splitlines()[1]
    assert row.split()[0] == key[:57] + "..."
    found = json.loads(kelpie(*words, "-o", "json", url=served.url).stdout)
    assert [each["key"] for each in found["actors"]] == [key]
    assert kelpie("delete", f"counter/{key}", "--yes", url=served.url).returncode == 0


def test_suggested_commands_are_quoted_for_a_shell(served: Served) -> None:
    words = ("actors", "counter", "--prefix", "al", "--limit", "1", "--after", "al")
    assert "--after=alice\n" in kelpie(*words, url=served.url).stderr
    done = kelpie("delete", "counter/a b; echo $HOME", url=served.url, stdin="")
    assert done.returncode == 2
    assert "try: kelpie delete 'counter/a b; echo $HOME' --yes\n" in done.stderr
    done = kelpie("delete", "counter/a", "--namespace", "shop", url=served.url, stdin="")
    assert "try: kelpie delete counter/a --yes --namespace=shop\n" in done.stderr


def test_showing_who_was_used_but_holds_nothing(served: Served) -> None:
    assert kelpie("invoke", "counter/eve", "get", url=served.url).returncode == 0
    done = kelpie("show", "counter/eve", url=served.url)
    assert (
        "counter/eve holds nothing; see who holds something: kelpie actors counter" in done.stderr
    )


def test_nothing_to_list(served: Served) -> None:
    done = kelpie("actors", "counter", "--prefix", "zoe", url=served.url)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no actor of counter holds anything that begins with 'zoe'" in done.stderr
    done = kelpie("kv", "list", "counter/bob", url=served.url)
    assert (done.returncode, done.stdout) == (0, "")
    assert "counter/bob has no kv entries" in done.stderr


def test_showing(served: Served) -> None:
    done = kelpie("show", "counter/alice/b", url=served.url)
    assert done.returncode == 0
    assert ["key", "alice/b"] in [line.split() for line in done.stdout.splitlines()]
    view = json.loads(kelpie("show", "counter/bob", "-o", "json", url=served.url).stdout)
    assert (view["key"], view["turns"], view["active"]) == ("bob", 1, True)
    done = kelpie("show", "counter/nobody", url=served.url)
    assert done.returncode == 0
    assert "counter/nobody was never used" in done.stderr
    assert "kelpie actors counter" in done.stderr


def test_state(served: Served) -> None:
    done = kelpie("state", "ledger/x", url=served.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"next": 3, "count": 2}
    done = kelpie("state", "ledger/x", "-o", "json", url=served.url)
    assert json.loads(done.stdout) == {"encoding": "json", "value": {"next": 3, "count": 2}}


def test_kv(served: Served) -> None:
    listed = kelpie("kv", "list", "ledger/x", "-o", "json", url=served.url)
    entries = json.loads(listed.stdout)["entries"]
    assert [each["encoding"] for each in entries] == ["text", "json"]
    assert [each["value"] for each in entries] == ["one", 2.5]
    assert '"value": 2.50' in listed.stdout
    done = kelpie("kv", "list", "ledger/x", "--prefix", entries[1]["key"], url=served.url)
    assert [row.split() for row in done.stdout.splitlines()] == [
        ["KEY", "IS", "VALUE"],
        [entries[1]["key"], "json", "2.50"],
    ]
    done = kelpie("kv", "get", "ledger/x", entries[0]["key"], url=served.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "one\n", "")
    done = kelpie("kv", "get", "ledger/x", entries[0]["key"], "-o", "json", url=served.url)
    assert json.loads(done.stdout) == {"encoding": "text", "value": "one"}


def at_a_terminal(served: Served, *words: str, typed: str) -> subprocess.CompletedProcess[str]:
    """Runs a command with a terminal as its stdin, on which something is typed."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    try:
        return subprocess.run(
            [COMMAND, *words, "--url", served.url],
            stdin=theirs,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(("typed", "agreed"), [("y\n", True), ("n\n", False), ("\4", False)])
def test_deleting_at_a_terminal(served: Served, typed: str, agreed: bool) -> None:
    kelpie("invoke", "counter/tmp", "increment", url=served.url)
    done = at_a_terminal(served, "delete", "counter/tmp", typed=typed)
    assert "delete counter/tmp, its state and its kv? This cannot be undone [y/N]" in done.stderr
    assert (done.returncode, done.stdout) == ((0, "deleted counter/tmp\n") if agreed else (1, ""))
    assert ("nothing was deleted" in done.stderr) is not agreed
    state = kelpie("state", "counter/tmp", url=served.url)
    assert state.returncode == (1 if agreed else 0)


def test_deleting_from_a_script(served: Served) -> None:
    kelpie("invoke", "counter/a/b", "increment", url=served.url)
    done = kelpie("delete", "counter/a/b", url=served.url, stdin="y\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert "try: kelpie delete counter/a/b --yes" in done.stderr
    done = kelpie("delete", "counter/a/b", "--yes", "-o", "json", url=served.url)
    assert (done.returncode, done.stderr) == (0, "")
    named = {"namespace": "default", "kind": "counter", "key": "a/b"}
    assert json.loads(done.stdout) == {**named, "deleted": True}
    done = kelpie("delete", "counter/a/b", "-y", url=served.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "counter/a/b had neither state nor kv: nothing was deleted\n"
    assert "a/b" not in kelpie("actors", "counter", url=served.url).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("actors", "conuter"), "did you mean 'counter'?"),
        (("delete", "conuter/x", "-y"), "did you mean 'counter'?"),
        (("show", "conuter/x"), "did you mean 'counter'?"),
        (("state", "conuter/x"), "kelpie kinds"),
        (("state", "ledger/nobody"), "value-not-found"),
        (("kv", "get", "ledger/x", "zzz"), "kelpie kv list"),
        (("kv", "list", "nothing/x"), "kind-not-found"),
        (("actors", "Bad"), "invalid-address"),
    ],
)
def test_mistakes(served: Served, words: tuple[str, ...], said: str) -> None:
    done = kelpie(*words, url=served.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("actors",), "KIND"),
        (("show", "counter"), "KIND/KEY"),
        (("state", "counter/"), "KIND/KEY"),
        (("kv",), "COMMAND"),
        (("kv", "get", "counter/x"), "ENTRY"),
        (("actors", "counter", "--limit", "0"), "at least 1"),
        (("actors", "counter", "-o", "xml"), "xml"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], said: str) -> None:
    done = kelpie(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
