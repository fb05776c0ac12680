"""A session waits for the host that it starts, not for one before."""

from __future__ import annotations

from pathlib import Path

from tests.docs.sessions import Command, run

# The shell opens the files of a host as late as it may: behind what it waits for here.
_LATE = "3< $(sleep 0.3; echo /dev/null)"


def test_each_host_is_waited_for(tmp_path: Path) -> None:
    seen = run(
        [
            Command('kelpie() { echo "ready on $2"; exec sleep 60; }', ""),
            Command(f"kelpie serve one {_LATE}", ""),
            Command(f"kelpie serve two {_LATE}", ""),
        ],
        tmp_path,
    )
    assert [each.output for each in seen] == ["", "ready on one", "ready on two"]
