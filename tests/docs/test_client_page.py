"""`docs/client.md` is run as it is written, and prints what it shows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import kelpie
from tests.cli.host import COUNTER, SECONDS_MAX, Served, serving
from tests.cli.host import kelpie as command
from tests.docs.sessions import blocks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "client.md"
BLOCKS = list(blocks(PAGE))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("host") / "data") as host:
        assert command("deploy", COUNTER, url=host.url).returncode == 0
        yield host


def test_every_program_is_followed_by_what_it_prints() -> None:
    assert [language for language, _ in BLOCKS] == ["python", "text"] * 4


@pytest.mark.parametrize("at", range(0, len(BLOCKS), 2))
def test_a_program_prints_what_is_shown(served: Served, at: int) -> None:
    program = BLOCKS[at][1].replace("http://127.0.0.1:7070", served.url)
    assert served.url in program
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == BLOCKS[at + 1][1]


def test_it_lists_every_method() -> None:
    listed = set(re.findall(r"`([a-z_]+)`", PAGE.read_text().rpartition("## ")[2]))
    plumbing = {"ask", "ask_json", "ask_safely", "asking", "batch_lines", "turn_lines"}
    plumbing |= {"ask_older", "ask_page", "batch_until", "call_until", "no_host", "payload_of"}
    plumbing |= {"read_as", "read_json", "read_turn", "until_ns", "url"}
    methods = {name for name in dir(kelpie.Client) if not name.startswith("_")}
    assert listed == methods - plumbing
