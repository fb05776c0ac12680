"""From the first token to the audit log, as commands."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from pathlib import Path
from typing import NamedTuple

import msgpack
import pytest
import trustme

from kelpie.access.secret import is_well_formed
from kelpie.cli.main import main
from kelpie.store import access_keys
from kelpie.store.frame import frame
from tests.cli.host import COUNTER, SECONDS_MAX, kelpie, launch, serving

NOWHERE = "http://127.0.0.1:1"


class Told(NamedTuple):
    """What came of a command."""

    status: int
    out: str
    err: str


class Shell:
    """Runs commands in this process: for each its own would take most of the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, *arguments: str | Path, url: str = NOWHERE, token: str = "") -> Told:
        self._monkeypatch.setenv("KELPIE_URL", url)
        self._monkeypatch.setenv("KELPIE_TOKEN", token)
        self._capsys.readouterr()
        try:
            status = main([str(each) for each in arguments])
        except SystemExit as ended:
            status = int(str(ended.code))
        return Told(status, *self._capsys.readouterr())

    def make(self, data: Path, name: str, *more: str) -> str:
        """A token that is made where the data is."""
        made = self.run("token", "create", name, *more, "--data", data, "--new")
        assert made.status == 0, made.err
        secret = made.out.strip()
        assert is_well_formed(secret)
        return secret


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KELPIE_SETTINGS", raising=False)
    return Shell(monkeypatch, capsys)


def test_from_the_first_token_on(tmp_path: Path, shell: Shell) -> None:
    data = tmp_path / "data"
    root = shell.make(data, "root", "--role", "admin")
    with serving(data, options=("--log-requests", "all", "--log-level", "debug")) as served:
        _asks(shell, served.url, root)
        locked = shell.run("token", "create", "x", "--role", "read", "--data", data)
        assert (locked.status, locked.out) == (1, "")
        assert "data-directory-locked" in locked.err
        assert served.end() == 0
        assert root[7:40] not in served.talk.read_text()
    revoked = shell.run("token", "revoke", "root", "--data", data)
    assert (revoked.status, revoked.out) == (0, "revoked root\n")
    assert "that was the last one" in revoked.err
    with serving(data) as served:
        assert shell.run("kinds", url=served.url).status == 0


def _asks(shell: Shell, url: str, root: str) -> None:
    stranger = shell.run("kinds", url=url)
    assert (stranger.status, stranger.out) == (1, "")
    assert "KELPIE_TOKEN" in stranger.err
    assert shell.run("kinds", url=url, token=root).status == 0

    made = shell.run(
        "token", "create", "shop", "--role", "invoke", "--expires", "30d", url=url, token=root
    )
    shop = made.out.strip()
    assert is_well_formed(shop)
    refused = shell.run("deploy", COUNTER, url=url, token=shop)
    assert refused.status == 1
    assert "needs the role deploy or admin" in refused.err

    wish = ("--role", "read", "--role", "invoke", "-o", "json")
    told = json.loads(shell.run("token", "create", "json", *wish, url=url, token=root).out)
    assert is_well_formed(told.pop("token"))
    kept = json.loads(shell.run("token", "list", "-o", "json", url=url, token=root).out)
    assert told in kept
    gone = shell.run("token", "revoke", "json", "-o", "json", url=url, token=root)
    assert json.loads(gone.out) == {"name": "json", "revoked": True}

    listed = json.loads(shell.run("token", "list", "-o", "json", url=url, token=root).out)
    assert [each["name"] for each in listed] == ["root", "shop"]
    table = shell.run("token", "list", url=url, token=root).out
    assert table.splitlines()[2].startswith("shop  invoke")
    assert shell.run("token", "revoke", "shop", url=url, token=root).status == 0
    assert shell.run("kinds", url=url, token=shop).status == 1
    last = shell.run("token", "revoke", "root", url=url, token=root)
    assert (last.status, last.out) == (1, "")
    assert "last-admin" in last.err

    audit = shell.run("audit", "-o", "json", url=url, token=root).out
    assert [
        (each["principal"], each["action"], each["outcome"])
        for each in json.loads(audit)["entries"]
    ] == [
        ("root", "token revoke", "last-admin"),
        ("root", "token revoke", "done"),
        ("root", "token revoke", "done"),
        ("root", "token create", "done"),
        ("root", "token create", "done"),
        ("(data directory)", "token create", "done"),
    ]
    told = shell.run("audit", "--limit", "2", url=url, token=root)
    assert len(told.out.splitlines()) == 3  # with the head
    assert "--before" in told.err


def test_a_directory_without_a_store_is_not_taken_for_one(tmp_path: Path, shell: Shell) -> None:
    mistyped = tmp_path / "dada"
    for command in (["create", "root", "--role", "admin"], ["revoke", "root"]):
        refused = shell.run("token", *command, "--data", mistyped)
        assert (refused.status, refused.out) == (1, "")
        assert f"there is no store in {mistyped}" in refused.err
        assert not mistyped.exists()


def test_a_secret_goes_into_a_file_of_ones_own(tmp_path: Path, shell: Shell) -> None:
    data, file = tmp_path / "data", tmp_path / "root-token"
    create = ("token", "create", "root", "--role", "admin", "--data", data, "--out", file)
    before = os.umask(0)
    try:
        made = shell.run(*create, "--new")
    finally:
        os.umask(before)
    assert (made.status, made.out) == (0, "")
    secret = file.read_text()
    assert is_well_formed(secret.strip())
    assert secret.strip() not in made.err
    assert file.stat().st_mode & 0o777 == 0o600
    again = shell.run(*create)
    assert (again.status, "exists already" in again.err) == (1, True)
    assert file.read_text() == secret
    file.unlink()
    assert shell.run(*create).status == 1, "there is one of this name"
    assert not file.exists()


def test_a_token_of_another_version_is_named_and_opens_no_door(
    tmp_path: Path, shell: Shell
) -> None:
    data = tmp_path / "data"
    shell.make(data, "root", "--role", "admin")
    key = access_keys.token("root")
    database = sqlite3.connect(data / "kelpie.db")
    row = frame(key, msgpack.packb((1, "root", b"", ["king"], None, 1, "me", None, None, None)))
    with database:
        changed = database.execute("UPDATE pairs SET value = ? WHERE key = ?", (row, key))
    assert changed.rowcount == 1
    database.close()
    with _public(data, "--insecure-public") as talk:
        assert "the roles of t/root are ['king']" in talk
        assert "Traceback" not in talk
        assert "there are no tokens" not in talk


def test_a_public_address_is_refused_without_tokens(tmp_path: Path, shell: Shell) -> None:
    data = tmp_path / "data"
    refused = kelpie("serve", "--data", data, "--port", "0", "--host", "0.0.0.0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "kelpie token create" in refused.stderr
    assert not data.exists()
    with _public(data, "--insecure-public") as talk:
        assert '"level": "warning"' in talk
        assert "there are no tokens" in talk
    shell.make(data, "root", "--role", "admin")
    with _public(data) as talk:
        assert "without TLS" in talk


class _public:  # noqa: N801 - used like a function
    """A host on every address of this machine, until it is ready; what it said."""

    def __init__(self, data: Path, *options: str) -> None:
        self._process, self._talk = launch(data, options=("--host", "0.0.0.0", *options))

    def __enter__(self) -> str:
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith("ready on http://0.0.0.0:")
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(SECONDS_MAX) == 0
        return self._talk.read_text()

    def __exit__(self, *raised: object) -> None:
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def pems(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A certificate that vouches, one for which it does, and the latter's key."""
    ca = trustme.CA()
    issued = ca.issue_cert("127.0.0.1")
    files = tmp_path / "ca.pem", tmp_path / "host.pem", tmp_path / "host.key"
    ca.cert_pem.write_to_path(files[0])
    issued.cert_chain_pems[0].write_to_path(files[1])
    issued.private_key_pem.write_to_path(files[2])
    return files


def test_a_host_that_speaks_tls(
    tmp_path: Path,
    pems: tuple[Path, Path, Path],
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ca, certificate, key = pems
    key.chmod(0o644)
    options = ("--tls-cert", str(certificate), "--tls-key", str(key))
    process, talk = launch(tmp_path / "data", options=options)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().removeprefix("ready on ").strip()
        assert url.startswith("https://")
        assert shell.run("kinds", "--ca", ca, url=url).status == 0
        unknown = shell.run("kinds", url=url)
        assert unknown.status == 1
        assert "--ca" in unknown.err
        # The system's are looked for when they are needed, though not before.
        monkeypatch.setenv("SSL_CERT_FILE", str(ca))
        assert kelpie("kinds", url=url).returncode == 0
        monkeypatch.delenv("SSL_CERT_FILE")
        assert kelpie("kinds", url=url).returncode == 1
        process.send_signal(signal.SIGHUP)
        assert shell.run("kinds", "--ca", ca, url=url).status == 0
        key.write_text("no key")
        process.send_signal(signal.SIGHUP)
        assert shell.run("kinds", "--ca", ca, url=url).status == 0
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS_MAX) == 0
        process.stdout.close()
    told = talk.read_text()
    assert f"others can read or change {key}" in told
    assert "the files for TLS are read anew" in told
    assert "the files for TLS cannot be used" in told


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        (["--tls-cert", "absent.pem"], 2, "both --tls-cert and --tls-key"),
        (["--tls-cert", "absent.pem", "--tls-key", "absent.key"], 1, "absent.pem"),
    ],
)
def test_files_that_are_none(tmp_path: Path, options: list[str], status: int, told: str) -> None:
    refused = kelpie("serve", "--data", tmp_path / "data", "--port", "0", *options)
    assert (refused.returncode, refused.stdout) == (status, "")
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "x"],
        ["create", "x", "--role", "king"],
        ["create", "x", "--role", "read", "--expires", "soon"],
        ["create", "x", "--role", "read", "--expires", "0d"],
        ["create", "x", "--role", "read", "--requests-per-second", "0"],
        ["revoke"],
    ],
)
def test_wrong_usage(shell: Shell, arguments: list[str]) -> None:
    assert shell.run("token", *arguments).status == 2


@pytest.mark.parametrize("how", ["option", "environment", "file"])
def test_what_is_no_token_is_not_repeated(how: str, shell: Shell) -> None:
    slip = "kelpie_" + "a" * 57
    if how == "option":
        told = shell.run("kinds", "--token", slip)
    elif how == "environment":
        told = shell.run("kinds", token=slip)
    else:
        Path("kelpie.toml").write_text(f'[client]\ntoken = "{slip}"\n')
        told = shell.run("kinds")
    assert told.status == 2
    assert "this is no token" in told.err
    assert "aaaa" not in told.err + told.out


def test_the_settings_do_not_show_it(tmp_path: Path, shell: Shell) -> None:
    secret = shell.make(tmp_path / "data", "root", "--role", "admin")
    for more in ([], ["-o", "json"]):
        shown = shell.run("settings", *more, token=secret)
        assert shown.status == 0
        assert secret[7:20] not in shown.out + shown.err
        assert "[redacted]" in shown.out


def test_a_token_in_the_clear_is_warned_of(tmp_path: Path, shell: Shell) -> None:
    secret = shell.make(tmp_path / "data", "root", "--role", "admin")
    # The last leads to this machine, by an address that does not say so. Nobody listens there.
    for url, warned in (
        ("http://localhost:1", False),
        ("http://[::ffff:7f00:1]:1", False),
        ("http://0.0.0.0:1", True),
    ):
        told = shell.run("kinds", url=url, token=secret)
        assert told.status == 1
        assert ("in the clear" in told.err) is warned


def test_a_refused_first_token_leaves_no_store(tmp_path: Path, shell: Shell) -> None:
    data = tmp_path / "data"
    wish = ("token", "create", "x", "--data", data, "--new")
    refused = shell.run(*wish, "--role", "read")
    assert (refused.status, refused.out) == (1, "")
    assert not data.exists()
    data.mkdir()
    assert shell.run(*wish, "--role", "read").status == 1
    assert list(data.iterdir()) == []
    # One that is there stays.
    shell.make(data, "root", "--role", "admin")
    useless = shell.run(*wish, "--role", "metrics", "--namespace", "shop")
    assert useless.status == 1
    assert "allows nothing" in useless.err
    assert (data / "kelpie.db").exists()


def test_what_is_refused_in_a_data_directory_is_in_the_audit_log(
    tmp_path: Path, shell: Shell
) -> None:
    data = tmp_path / "data"
    root = shell.make(data, "root", "--role", "admin")
    again = shell.run("token", "create", "root", "--role", "read", "--data", data)
    assert (again.status, again.out) == (1, "")
    assert shell.run("token", "revoke", "nobody", "--data", data).status == 1
    with serving(data) as served:
        told = shell.run("audit", "-o", "json", url=served.url, token=root)
        assert served.end() == 0
    entries = [
        (each["action"], each["subject"], each["outcome"], each["source"])
        for each in json.loads(told.out)["entries"]
    ]
    assert entries == [
        ("token revoke", "nobody", "token-not-found", "offline"),
        ("token create", "root", "token-exists", "offline"),
        ("token create", "root", "done", "offline"),
    ]
