"""The logged floor is honest: what it has answered is in its log, and synced."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from benchmarks.server import ServerFailed, started

RECORD_BYTES = 100


def test_an_answer_is_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    arguments = ["-m", "benchmarks.floors", "PORT", str(log), str(RECORD_BYTES)]
    with started("log", arguments, tmp_path) as server:
        for expected in (b"1", b"2", b"3"):
            request = urllib.request.Request(f"{server.url}/counter/a", method="POST")
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert answer.read() == expected
            record = log.read_bytes()[(int(expected) - 1) * RECORD_BYTES :]
            assert record.startswith(b"/counter/a %s\n" % expected)


def test_a_server_that_ends_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerFailed, match="no_such_module"),
        started("broken", ["-m", "no_such_module"], tmp_path),
    ):
        pass
