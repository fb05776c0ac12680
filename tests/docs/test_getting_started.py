"""`docs/getting-started.md` is run as it is written, on a port that is free."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.sessions import free_port

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "getting-started.md"
SECONDS_MAX = 120


def _script() -> str:
    """All blocks but the first, which installs what the tests run on already."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    install, *rest = blocks
    assert "pip install" in install
    script = "\n".join(rest)
    for place in ("7070", "kelpie serve"):
        assert place in script
    port = free_port()
    return script.replace("7070", port).replace("kelpie serve", f"kelpie serve --port {port}")


@pytest.mark.slow
def test_the_guide_works_as_written(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    script = _script()
    port = re.search(r"--port (\d+)", script)
    assert port
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "KELPIE_URL": f"http://127.0.0.1:{port[1]}",
    }
    # To files, not pipes: the host that the guide starts in the background has them too.
    with (tmp_path / "output").open("w") as output, (tmp_path / "talk").open("w") as talk:
        guide = subprocess.Popen(
            ["bash", "-e", "-u", "-o", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=talk,
            start_new_session=True,
        )
        try:
            status = guide.wait(SECONDS_MAX)
        finally:
            _end_group(guide.pid)
    printed, said = (tmp_path / "output").read_text(), (tmp_path / "talk").read_text()
    assert status == 0, said
    counted = re.findall(r'\{"value": ?(\d+)\}', printed)
    # alice 1, 2; bob 5; over HTTP alice 3 and bob 10; carol 1 twice; alice after the kill.
    assert counted == ["1", "2", "5", "3", "10", "1", "1", "3"]
    assert '"turns": 3' in printed
    assert "rejected" in said
    assert "did you mean 'counter'?" in said


def _end_group(group: int) -> None:
    """Ends whatever the guide has left running."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
