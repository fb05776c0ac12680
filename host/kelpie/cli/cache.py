"""Where compiled forms are kept for all commands and hosts of a user."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from kelpie.cli.output import printable, say
from kelpie.errors import KelpieError

__all__ = ["cache_directory", "without_cache"]

_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def cache_directory() -> Path | None:
    """Where commands without a host keep compiled components, for hosts to find, and
    all hosts of a user the compiled tools; None if nowhere.

    What is compiled is run. So it is a directory that nobody else can write to.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        directory = Path(base) if base else Path.home() / ".cache"
        place = directory / "kelpie" / "compiled"
        for each in (place.parent, place):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
            found = each.stat()
            if found.st_uid != os.geteuid():
                return None
            if found.st_mode & _BY_OTHERS:
                each.chmod(stat.S_IMODE(found.st_mode) & ~_BY_OTHERS)
    except (OSError, RuntimeError):
        return None  # no home, or it may not be written: compile each time
    return place if os.access(place, os.W_OK) else None


def without_cache() -> Callable[[KelpieError], None]:
    """What tells, once, that what is compiled is not kept, and why: all goes on without."""
    told: list[str] = []

    def tell(trouble: KelpieError) -> None:
        if not told:
            say(printable(f"kelpie: {trouble.message}; going on without, which takes longer"))
        told.append(trouble.message)

    return tell
