"""The demo: how it ends, and what it says if a host is there already."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.host import ROOT, SECONDS_MAX, serving
from tests.compiled import with_compiled

# The demo in a directory of its own, with this environment instead of a new one.
LAUNCH = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import demo
demo.DATA = Path(sys.argv[2])
demo.prepare = lambda _: Path(sys.executable).parent
sys.exit(demo.main())
"""


def demo(data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCH, ROOT / "tools", data],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return with_compiled(tmp_path / "data")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_its_host_ends_with_it(data: Path, number: signal.Signals) -> None:
    process = demo(data)
    assert process.stdout is not None
    for line in process.stdout:
        if "until Ctrl-C" in line:
            break
    process.send_signal(number)
    process.communicate(timeout=SECONDS_MAX)
    # The host's lock is free: it has ended.
    with serving(data) as served:
        assert served.end() == 0


def test_a_host_that_is_there_already(data: Path) -> None:
    with serving(data) as served:
        output, said = demo(data).communicate(timeout=SECONDS_MAX)
        assert output == ""
        assert f"already running on {data}: process {served.process.pid}" in said
        assert "Traceback" not in said
