"""Backup, restore and doctor, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.host import COUNTER, kelpie, serving
from tests.compiled import with_compiled


def test_a_host_is_backed_up_while_it_serves(tmp_path: Path) -> None:
    with serving(with_compiled(tmp_path / "data")) as served:
        assert kelpie("deploy", COUNTER, url=served.url).returncode == 0
        assert kelpie("invoke", "counter/a", "increment", url=served.url).stdout == '{"value":1}\n'
        done = kelpie("backup", tmp_path / "copy", "--data", tmp_path / "data")
        assert done.returncode == 0, done.stderr
        assert "every one checked" in done.stdout
        assert kelpie("invoke", "counter/a", "increment", url=served.url).stdout == '{"value":2}\n'
        again = kelpie("backup", tmp_path / "copy", "--data", tmp_path / "data")
        assert again.returncode == 1
        assert "exists already" in again.stderr
    done = kelpie("restore", tmp_path / "copy", "--data", tmp_path / "other")
    assert done.returncode == 0, done.stderr
    with serving(with_compiled(tmp_path / "other")) as served:
        assert kelpie("invoke", "counter/a", "increment", url=served.url).stdout == '{"value":2}\n'


def test_what_is_no_backup(tmp_path: Path) -> None:
    done = kelpie("restore", COUNTER, "--data", tmp_path / "data")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == f"kelpie: {COUNTER}: it is no backup: give a file that `kelpie backup` made\n"
    )
    assert not (tmp_path / "data").exists()


def test_a_damaged_backup_is_said_to_be_one_and_leaves_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        assert kelpie("deploy", COUNTER, url=served.url).returncode == 0
        assert served.end() == 0
    copy = tmp_path / "copy"
    assert kelpie("backup", copy, "--data", tmp_path / "data").returncode == 0
    whole = copy.read_bytes()
    at = whole.index(b"increment")
    copy.write_bytes(whole[:at] + b"I" + whole[at + 1 :])
    done = kelpie("restore", copy, "--data", tmp_path / "new" / "data")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{copy} is damaged, and nothing was restored: the value of" in done.stderr
    assert "use another backup" in done.stderr
    assert "from a backup" not in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_directory_that_others_can_change_is_told(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        assert served.end() == 0
    assert kelpie("backup", tmp_path / "copy", "--data", tmp_path / "data").returncode == 0
    (tmp_path / "other").mkdir()
    (tmp_path / "other").chmod(0o777)
    done = kelpie("restore", tmp_path / "copy", "--data", tmp_path / "other")
    assert done.returncode == 0
    assert f"others can change {tmp_path / 'other'}: chmod go-w" in done.stderr


def test_where_there_is_no_store(tmp_path: Path) -> None:
    done = kelpie("backup", tmp_path / "copy", "--data", tmp_path / "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"kelpie: {tmp_path}/nowhere: there is no store in it" in done.stderr
    assert "in a moment" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_doctor(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        done = kelpie("doctor", "--data", tmp_path / "data", "-o", "json", url=served.url)
    assert done.returncode == 0, done.stderr
    findings = {each["check"]: each for each in json.loads(done.stdout)}
    assert findings["host"]["verdict"] == "ok"
    assert "every one checked" in findings["store"]["told"]
    assert "TLS key" not in findings
    key = tmp_path / "host.key"
    key.touch(0o644)
    for mode, verdict in ((0o644, "warning"), (0o640, "ok"), (0o620, "warning")):
        key.chmod(mode)
        done = kelpie("doctor", "--data", tmp_path / "data", "--tls-key", key, "-o", "json")
        assert {"TLS key": verdict}.items() <= {
            each["check"]: each["verdict"] for each in json.loads(done.stdout)
        }.items()
    (tmp_path / "data" / "kelpie.db").write_bytes(b"rubbish" * 1000)
    done = kelpie("doctor", "--data", tmp_path / "data")
    assert done.returncode == 1
    assert "failed" in done.stdout
    assert "none answers" in done.stdout
