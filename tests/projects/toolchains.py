"""Real toolchains in tests: what they have made before is kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["kept"]

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
# Most of what cargo makes for a project is the same for all of them, and takes minutes.
_CARGO_TARGET = _CACHE / "kelpie-tests" / "cargo"


def kept() -> dict[str, str]:
    """Variables by which a user with another home has the toolchains of this one, with
    what they have downloaded and built."""
    home = Path.home()
    places = {
        "CARGO_TARGET_DIR": _CARGO_TARGET,
        "CARGO_HOME": home / ".cargo",
        "RUSTUP_HOME": home / ".rustup",
        "GOCACHE": home / ".cache" / "go-build",
        "GOPATH": home / "go",
    }
    return {name: os.environ.get(name) or str(place) for name, place in places.items()}
