"""What changes in a directory is told; what compilers write there is not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kelpie.env.real import RealEnv
from kelpie.env.watching import watch_sources, watched_directories

SECONDS_MAX = 60


def _is_output(name: str) -> bool:
    return name == "target" or name.endswith(".wasm")


@pytest.fixture
async def changed(tmp_path: Path) -> AsyncIterator[asyncio.Event]:
    """Is set whenever something has changed."""
    env, event = RealEnv(lambda what, error: None), asyncio.Event()
    (tmp_path / "src").mkdir()
    (tmp_path / "target").mkdir()
    watch = watch_sources(env, tmp_path, _is_output, event.set)
    yield event
    watch.cancel()
    env.close()


async def _until(event: asyncio.Event, change: Callable[[], object]) -> None:
    """Makes the change until it is told: the first may be too early to be seen."""
    event.clear()
    async with asyncio.timeout(SECONDS_MAX):
        while not event.is_set():
            change()
            await asyncio.sleep(0.2)


async def test_a_change_is_told(tmp_path: Path, changed: asyncio.Event) -> None:
    file = tmp_path / "src" / "lib.rs"
    await _until(changed, lambda: file.write_text(file.read_text() + "." if file.exists() else ""))


async def test_a_new_directory_is_watched(tmp_path: Path, changed: asyncio.Event) -> None:
    await _until(changed, lambda: (tmp_path / "src" / "first").touch())
    below = tmp_path / "src" / "below"
    changed.clear()
    below.mkdir()
    async with asyncio.timeout(SECONDS_MAX):
        await changed.wait()
    # By now it is watched: one change is enough.
    changed.clear()
    (below / "other.rs").write_text("")
    async with asyncio.timeout(SECONDS_MAX):
        await changed.wait()


def test_what_is_left_out(tmp_path: Path) -> None:
    for name in ("src/below", "target/release", "docs"):
        (tmp_path / name).mkdir(parents=True)
    found = {Path(each) for each in watched_directories(tmp_path, _is_output)}
    wanted = {tmp_path, *(tmp_path / name for name in ("src", "src/below", "docs"))}
    assert found == wanted


def test_how_many_files_have_changed_is_not_logged() -> None:
    assert not logging.getLogger("watchfiles.main").isEnabledFor(logging.INFO)
