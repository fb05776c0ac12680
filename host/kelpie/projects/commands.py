"""Runs compilers and other tools, and ends them with all that they have started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from kelpie.env import Env
from kelpie.projects.errors import BuildFailed

__all__ = ["answer", "run"]


async def run(
    env: Env,
    tool: str,
    words: Sequence[str | Path],
    directory: Path,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Runs a tool to its end in the directory, and returns what it has printed.

    What it says to people goes to stderr as it is, in colors where that is a
    terminal. `environment` is added to that of this process. If the caller is
    cancelled, the tool is ended, with all that it has started.

    Raises:
        BuildFailed: it ended with another status than 0.
        OSError: it cannot be started.
    """
    process = _start(words, directory, environment or {})
    try:
        printed, _ = await env.blocking(process.communicate)
    except BaseException:
        _end(process)
        raise
    if process.returncode != 0:
        raise BuildFailed(f"{tool} could not build {directory.name}: see above")
    return printed


def answer(
    words: Sequence[str | Path], directory: Path, environment: Mapping[str, str] | None = None
) -> str | None:
    """What a tool prints that is asked about itself; None if it cannot be. Blocks."""
    try:
        done = subprocess.run(
            words,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _start(
    words: Sequence[str | Path], directory: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    # Not by asyncio: whoever is cancelled meanwhile would not know whom to end.
    return subprocess.Popen(
        words,
        cwd=directory,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # A group of its own, which can be ended as a whole.
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
