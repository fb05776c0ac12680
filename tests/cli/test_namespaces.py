"""Kinds of one namespace and another, by every command that asks about them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kelpie.cli.parser import CommandParser, parser
from tests.cli.host import COMMAND, COUNTER, LEDGER, SECONDS_MAX, Served, kelpie, serving
from tests.compiled import with_compiled

SHOP = ("--namespace", "shop")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        yield host


def _told(served: Served, *words: str | Path, stdin: str | None = None) -> str:
    done = kelpie(*words, url=served.url, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_namespace_of_its_own(served: Served) -> None:
    _told(served, "deploy", COUNTER, *SHOP)
    _told(served, "deploy", LEDGER, "--name", "ledger", *SHOP)
    assert _told(served, "kinds") == ""
    assert "counter" in _told(served, "kinds", *SHOP)
    assert _told(served, "invoke", "counter/a", "increment", *SHOP) == '{"value":1}\n'
    assert _told(served, "state", "counter/a", *SHOP) == '{"value":1}\n'
    assert "namespace      shop" in _told(served, "show", "counter/a", *SHOP)
    # With a query of its own too.
    assert _told(served, "actors", "counter", "--prefix", "a", *SHOP).split()[5] == "a"
    assert _told(served, "config", "counter", "set", "A=b", *SHOP).endswith("version 2\n")
    assert "A     b" in _told(served, "config", *SHOP, "counter")
    assert _told(served, "logs", "counter/a", *SHOP) == ""
    lines = '{"kind": "counter", "key": "b", "operation": "increment"}\n'
    assert '"value":1' in _told(served, "stream", *SHOP, stdin=lines).replace(" ", "")
    _told(served, "batch", "counter/a", *SHOP, stdin='{"operation": "increment"}\n')
    assert "deleted counter/a" in _told(served, "delete", "counter/a", "--yes", *SHOP)
    assert "2 kinds" in _told(served, "doctor", *SHOP)
    missing = kelpie("invoke", "counter/a", "increment", url=served.url)
    assert (missing.returncode, "kind-not-found" in missing.stderr) == (1, True)


def test_it_may_be_set(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _told(served, "deploy", COUNTER, "--namespace", "set")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kelpie.toml").write_text('[client]\nnamespace = "set"\n')
    assert "counter" in _told(served, "kinds")
    monkeypatch.setenv("KELPIE_NAMESPACE", "empty")
    assert _told(served, "kinds") == ""
    assert "counter" in _told(served, "kinds", "--namespace", "set")


def test_completion_asks_in_it(served: Served, tmp_path: Path) -> None:
    _told(served, "deploy", COUNTER, "--name", "completed", "--namespace", "words")
    line, choices = "kelpie actors --namespace words com", tmp_path / "choices"
    environment = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(choices),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "KELPIE_URL": served.url,
    }
    subprocess.run([COMMAND], env=environment, check=True, timeout=SECONDS_MAX)
    assert choices.read_text().strip() == "completed"


def test_no_name_is_refused_by_the_host(served: Served) -> None:
    done = kelpie("kinds", "--namespace", "No Name&kind=x", url=served.url)
    assert done.returncode == 1
    assert "invalid-address" in done.stderr


def test_a_token_of_a_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = with_compiled(tmp_path / "data")
    with serving(data):
        pass
    made = kelpie("token", "create", "root", "--role", "admin", "--data", data)
    with serving(data) as host:
        monkeypatch.setenv("KELPIE_TOKEN", made.stdout.strip())
        # Where the roles hold is no matter of where one asks.
        monkeypatch.setenv("KELPIE_NAMESPACE", "elsewhere")
        _told(host, "token", "create", "all", "--role", "invoke")
        assert "(all)" in _told(host, "token", "list")
        words = ("--role", "deploy", "--role", "invoke", "--expires", "90d")
        shop = _told(host, "token", "create", "ci", *words, *SHOP).strip()
        monkeypatch.setenv("KELPIE_TOKEN", shop)
        assert "forbidden" in kelpie("deploy", COUNTER, url=host.url).stderr
        _told(host, "deploy", COUNTER, *SHOP)
        lines = '{"kind": "counter", "key": "a", "operation": "increment"}\n'
        assert '"value":1' in _told(host, "stream", *SHOP, stdin=lines).replace(" ", "")
        lines = '{"operation": "increment"}\n'
        assert _told(host, "batch", "counter/a", *SHOP, stdin=lines) == '{"value":2}\n'


def test_every_command_that_asks_about_kinds_takes_it() -> None:
    without = {name for name, options in _asking("kelpie", parser()) if not options}
    assert without == {"kelpie token list", "kelpie token revoke", "kelpie audit"}


def _asking(name: str, command: CommandParser) -> Iterator[tuple[str, bool]]:
    if "--url" in command.options():
        yield name, "--namespace" in command.options()
    for word, below in command.commands().items():
        yield from _asking(f"{name} {word}", below)


def test_nothing_there_names_the_namespace(served: Served) -> None:
    done = kelpie("kinds", "--namespace", "nosuch", url=served.url)
    assert (done.returncode, done.stdout) == (0, "")
    assert "in the namespace 'nosuch'" in done.stderr
    assert "kelpie deploy FILE.wasm --namespace=nosuch" in done.stderr
