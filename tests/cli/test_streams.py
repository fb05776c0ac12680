"""Standard streams that are closed, full, or cannot tell of every character."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.host import COMMAND, SECONDS_MAX

NOWHERE = {"KELPIE_URL": "http://127.0.0.1:1"}


def _shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script, in which `$0` is the command."""
    return subprocess.run(
        ["/bin/sh", "-c", script, COMMAND],
        env={**os.environ, **NOWHERE, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ('"$0" settings >&-', 0),
        ('"$0" --help >&-', 0),
        ('"$0" settings 2>&-', 0),
        ('"$0" kinds 2>&-', 1),
        ('"$0" settings 0<&- >&- 2>&-', 0),
        ('"$0" batch counter/a - <&-', 2),
        ('"$0" invoke counter/a add - <&-', 2),
        ('"$0" stream <&-', 1),
    ],
)
def test_one_that_is_closed(script: str, status: int) -> None:
    done = _shell(script)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", ["settings", "settings -o json", "--help", "completion bash"])
def test_what_cannot_be_printed_is_told_once(words: str) -> None:
    done = _shell(f'"$0" {words} >/dev/full')
    assert done.returncode == 1
    assert done.stderr.startswith("kelpie: ")
    assert done.stderr.count("No space left on device") == done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", ["--help", "--version", "kinds --help"])
def test_nor_is_it_lost_where_nothing_is_held_back(words: str) -> None:
    done = _shell(f'"$0" {words} >/dev/full', PYTHONUNBUFFERED="1")
    assert (done.returncode, done.stderr.count("No space left on device")) == (1, 1)


@pytest.mark.parametrize("words", ["settings", "--help", "completion bash"])
def test_who_has_seen_enough_is_told_nothing(words: str) -> None:
    done = _shell(f'{{ "$0" {words}; echo "$?" >&2; }} | true')
    assert done.stderr in {"0\n", "1\n"}


def test_it_is_a_module_too() -> None:
    command = [sys.executable, "-m", "kelpie", "no-such-command"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
    assert done.returncode == 2
    assert "usage: kelpie " in done.stderr


def test_a_character_that_the_encoding_lacks(tmp_path: Path) -> None:
    data = tmp_path / "d\N{LATIN SMALL LETTER A WITH DIAERESIS}ta"
    done = _shell('"$0" settings', KELPIE_DATA=str(data), PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "d\\xe4ta" in done.stdout
