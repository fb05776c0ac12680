"""The program of `docs/native.md` is run as it is written, and prints what it shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.sessions import blocks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "native.md"
SECONDS_MAX = 60


def test_it_prints_what_is_shown() -> None:
    (language, program), (_, shown) = blocks(PAGE)
    assert language == "python"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", shown)
