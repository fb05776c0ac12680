"""The README's first screen holds the two commands, and CI runs the second."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRST_SCREEN_LINES = 40


def test_two_commands_on_the_first_screen() -> None:
    screen = (ROOT / "README.md").read_text().splitlines()[:FIRST_SCREEN_LINES]
    commands = [line for line in screen if line.startswith("python3 ")]
    assert commands == ["python3 tools/demo.py", "python3 tools/test.py"]
    for command in commands:
        assert (ROOT / command.split()[1]).is_file()


def test_ci_runs_the_second() -> None:
    assert re.search(r"^exec python3 tools/test\.py$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
