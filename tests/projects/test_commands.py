"""Tools are run to their end, or ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kelpie.env.real import RealEnv
from kelpie.projects.commands import answer, run
from kelpie.projects.errors import BuildFailed


@pytest.fixture
async def env() -> AsyncIterator[RealEnv]:
    made = RealEnv(lambda what, error: None)
    yield made
    made.close()


async def test_it_is_run_in_its_place(env: RealEnv, tmp_path: Path) -> None:
    words = ("sh", "-c", "pwd; echo $COLOR; cat")
    printed = await run(env, "it", words, tmp_path, {"COLOR": "red"})
    assert printed.decode() == f"{tmp_path}\nred\n"


async def test_it_fails(env: RealEnv, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BuildFailed, match=r"^it could not build"):
        await run(env, "it", ("sh", "-c", "echo why >&2; exit 3"), tmp_path)
    assert capfd.readouterr().err == "why\n"


async def test_it_is_ended_with_all_that_it_has_started(env: RealEnv, tmp_path: Path) -> None:
    script = "sleep 600 & echo $! > below; echo $$ > own; wait"
    task = asyncio.create_task(run(env, "it", ("sh", "-c", script), tmp_path))
    while not (tmp_path / "own").exists() or not (tmp_path / "own").read_text():
        await asyncio.sleep(0.01)
    pids = [int((tmp_path / name).read_text()) for name in ("own", "below")]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in pids:
        while _runs(pid):
            await asyncio.sleep(0.01)


def test_answers(tmp_path: Path) -> None:
    assert answer(("sh", "-c", "pwd"), tmp_path) == str(tmp_path)
    assert answer(("sh", "-c", "exit 1"), tmp_path) is None
    assert answer((tmp_path / "nothing",), tmp_path) is None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # One that nobody has waited for is over.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
