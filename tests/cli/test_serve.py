"""A host as a process: starting, stopping, being killed."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.host import COMMAND, COUNTER, SECONDS_MAX, Served, kelpie, serving, start
from tests.compiled import with_compiled


def _count(served: Served) -> str:
    return kelpie("invoke", "counter/alice", "increment", url=served.url).stdout.strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_it_finish(tmp_path: Path, number: signal.Signals) -> None:
    with serving(with_compiled(tmp_path / "data")) as served:
        kelpie("deploy", COUNTER, url=served.url)
        assert _count(served) == '{"value":1}'
        assert served.end(number) == 0
        said = served.talk.read_text()
        assert f"store: sqlite in {tmp_path / 'data'}" in said
        assert "stopping" in said
        assert "Traceback" not in said


def test_a_hangup_ends_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        served.process.send_signal(signal.SIGHUP)
        assert kelpie("kinds", url=served.url).returncode == 0
        assert served.end() == 0
        assert "SIGHUP is ignored" in served.talk.read_text()


def test_what_others_could_change_is_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as served:
        assert served.end() == 0
        assert "others can" not in served.talk.read_text()
    data.chmod(0o770)
    (data / "kelpie.db").chmod(0o602)
    with serving(data) as served:
        assert served.end() == 0
        told = served.talk.read_text()
    assert f"others can change {data}:" in told
    assert f"others can change {data / 'kelpie.db'}:" in told
    entries = [json.loads(line) for line in told.splitlines() if "others can" in line]
    assert {each["level"] for each in entries} == {"warning"}


def test_being_killed_loses_nothing(tmp_path: Path) -> None:
    data = with_compiled(tmp_path / "data")
    for value in (1, 2, 3):
        with serving(data) as served:
            if value == 1:
                kelpie("deploy", COUNTER, url=served.url)
            assert _count(served) == f'{{"value":{value}}}'
            assert served.end(signal.SIGKILL) == -signal.SIGKILL


def test_a_second_host_is_refused_with_the_first_ones_pid(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as first:
        second = kelpie("serve", "--data", data, "--port", "0")
        assert (second.returncode, second.stdout) == (1, "")
        assert str(first.process.pid) in second.stderr
        assert "data-directory-locked" in second.stderr
        assert "Traceback" not in second.stderr
        assert kelpie("kinds", url=first.url).returncode == 0
        assert first.end() == 0
    with serving(data) as third:
        assert third.end() == 0


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = kelpie("serve", "--data", tmp_path / "data", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
    # Nothing was kept for anybody.
    assert not (tmp_path / "data").exists()


def test_a_data_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = kelpie("serve", "--data", tmp_path / "file", "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        port = int(served.url.rpartition(":")[2])
        listening = subprocess.run(
            ["ss", "-ltnH", f"sport = :{port}"], capture_output=True, text=True, check=False
        ).stdout
        assert listening.split()[3] == f"127.0.0.1:{port}" if listening else True


def test_a_client_that_hangs_does_not_hold_it_up(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        host, _, port = served.url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port))) as hanging:
            hanging.sendall(
                b"POST /v1/actors/counter/alice/increment HTTP/1.1\r\nHost: localhost\r\n"
            )
            time.sleep(0.1)
            assert served.end() == 0


def test_data_and_talk_are_apart(tmp_path: Path) -> None:
    served = start(tmp_path / "data")
    assert served.process.stdout is not None
    assert served.end() == 0
    assert served.process.stdout.read() == ""
    served.process.stdout.close()


def test_interrupting_a_command(tmp_path: Path) -> None:
    """A host that takes the connection and says nothing, and Ctrl-C."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        process = subprocess.Popen(
            [COMMAND, "kinds", "--url", f"http://127.0.0.1:{port}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = silent.accept()
        with connection:
            connection.recv(1000)
            process.send_signal(signal.SIGINT)
            output, said = process.communicate(timeout=SECONDS_MAX)
    assert (process.returncode, output) == (130, "")
    assert "Traceback" not in said


def _entries(served: Served) -> list[dict[str, object]]:
    return [json.loads(line) for line in served.talk.read_text().splitlines()]


def test_the_log_is_json_where_no_terminal_is(tmp_path: Path) -> None:
    with serving(with_compiled(tmp_path / "data")) as served:
        kelpie("deploy", COUNTER, url=served.url)
        assert _count(served) == '{"value":1}'
        assert served.end() == 0
        entries = _entries(served)
    assert all({"time", "level", "logger", "message"} <= entry.keys() for entry in entries)
    assert [entry["logger"] for entry in entries] == [
        "kelpie.serve",
        "kelpie.audit",
        "kelpie.serve",
    ]


def test_every_request_is_told_of_if_that_is_wanted(tmp_path: Path) -> None:
    with serving(with_compiled(tmp_path / "data"), options=["--log-requests", "all"]) as served:
        kelpie("deploy", COUNTER, url=served.url)
        assert _count(served) == '{"value":1}'
        assert served.end() == 0
        told = [each for each in _entries(served) if each["logger"] == "kelpie.request"]
    assert [(each["method"], each["path"], each["status"]) for each in told] == [
        ("PUT", "/v1/kinds/counter", 201),
        ("POST", "/v1/actors/counter/alice/increment", 200),
    ]
    assert told[1]["request_id"]


def test_the_log_as_text(tmp_path: Path) -> None:
    options = ["--log-format", "text", "--log-requests", "all", "--log-level", "error"]
    with serving(tmp_path / "data", options=options) as served:
        assert kelpie("kinds", url=served.url).returncode == 0
        assert served.end() == 0
        said = served.talk.read_text()
    assert " INFO kelpie.request: GET /v1/kinds 200 " in said
    assert said.startswith("store: sqlite in ")


def test_a_level_that_is_none(tmp_path: Path) -> None:
    done = kelpie("serve", "--data", tmp_path / "data", "--log-level", "loud")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'loud'" in done.stderr
    assert not (tmp_path / "data").exists()
