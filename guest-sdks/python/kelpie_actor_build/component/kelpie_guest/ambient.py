"""Changes the standard library, before anyone has taken something out of it."""

from __future__ import annotations

import sys

from kelpie_guest import clocks, dates, files, randomness
from kelpie_guest.importing import NativeModules

__all__ = ["install"]


def install() -> None:
    clocks.install()
    dates.install()
    randomness.install()
    files.install()
    sys.meta_path.append(NativeModules())


install()
