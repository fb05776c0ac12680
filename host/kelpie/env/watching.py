"""Watching files: as clocks and threads do, changes come from the world outside."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from watchfiles import Change, DefaultFilter, watch

from kelpie.env import Handle, ThreadedEnv
from kelpie.env.stoppable import Stoppable

__all__ = ["watch_sources", "watched_directories"]

# Of one editor that saves, or one checkout: all within this time is one change.
_STEP_MS = 50
_DEBOUNCE_MS = 400
_LOOK_MS = 100

# How many files have changed tells nobody anything: whoever watches says what they do.
logging.getLogger("watchfiles").setLevel(logging.WARNING)


def watch_sources(
    env: ThreadedEnv,
    directory: Path,
    leave_out: Callable[[str], bool],
    on_change: Callable[[], object],
) -> Handle:
    """Calls `on_change` in the loop's thread after files below the directory have
    changed, until it is cancelled.

    Directories whose name `leave_out` is true of are left out, and so are files
    that it is true of, and those that editors and version control keep for themselves.
    """
    stop = threading.Event()

    of_others = DefaultFilter()

    def wanted(change: Change, path: str) -> bool:
        return not leave_out(Path(path).name) and of_others(change, path)

    def work() -> None:
        is_first = True
        while not stop.is_set():
            watched = sorted(watched_directories(directory, leave_out))
            changes = watch(
                *watched,
                watch_filter=wanted,
                debounce=_DEBOUNCE_MS,
                step=_STEP_MS,
                stop_event=stop,
                rust_timeout=_LOOK_MS,
                yield_on_timeout=True,
                recursive=False,
            )
            # Told only once all is watched: what comes later is not missed.
            tell = not is_first
            for found in changes:
                if stop.is_set():
                    return
                if found and sorted(watched_directories(directory, leave_out)) != watched:
                    break
                if found or tell:
                    env.from_thread(on_change)
                tell = False
            is_first = False

    return Stoppable(stop, env.start_thread(work, "kelpie-watch"))


def watched_directories(top: Path, leave_out: Callable[[str], bool]) -> Iterator[str]:
    """The directory and all below it that are not left out. What is in none of them
    is not watched at all: compilers write thousands of files."""
    for directory, names, _ in os.walk(top):
        names[:] = [name for name in names if not leave_out(name)]
        yield directory
