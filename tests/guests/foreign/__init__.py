"""Actors that are built with the tools of others, and import WASI: built once for the same
sources, and kept in a cache of this user's."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata, util
from pathlib import Path

from kelpie.projects.cargo import Cargo
from kelpie.projects.errors import ToolchainMissing
from tests.componentizer.driver import componentize
from tests.guest_sdks.components import CONTRACT, CannotBuild, kept_for_long
from tests.tools import load_tool

__all__ = ["BUILDERS", "CannotBuild", "build"]

HERE = Path(__file__).resolve().parent
ADAPTER = "wasi-preview1-component-adapter-provider"
ADAPTER_VERSION = "50.0.1"
SECONDS_MAX = 300
FETCH = "KELPIE_TEST_NPM"
"""The variable that lets npm fetch what builds the component of JavaScript."""


def build(name: str) -> tuple[bytes, Path]:
    """The component, and a directory for what is compiled of it.

    Raises:
        CannotBuild: something is missing here; the message says what.
    """
    with kept_for_long() as directory:
        return BUILDERS[name](directory), directory / "compiled"


def _python(directory: Path) -> bytes:
    if util.find_spec("componentize_py") is None:
        raise CannotBuild("componentize-py is not installed")
    app = HERE / "python" / "app.py"

    def make(output: Path) -> None:
        run = "import sys, componentize_py; sys.exit(componentize_py.script())"
        command = [sys.executable, "-c", run, "-d", str(CONTRACT), "-w", "actor", "componentize"]
        # It would add the packages of the environment that it finds itself in.
        nothing = {"VIRTUAL_ENV": str(output.parent)}
        _run([*command, "-p", str(app.parent), "app", "-o", str(output)], **nothing)

    return _made(directory, make, [app], metadata.version("componentize-py"))


def _go(directory: Path) -> bytes:
    go_guests = load_tool("go_guests")
    try:
        module: Path = go_guests.module("wasip1")
    except go_guests.BuildError as reason:
        raise CannotBuild(str(reason)) from reason

    def make(output: Path) -> None:
        adapter = _adapter()
        output.write_bytes(componentize(module.read_bytes(), adapter=adapter))

    return _made(directory, make, [module], ADAPTER_VERSION)


def _js(directory: Path) -> bytes:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise CannotBuild("there is no node with npm")
    sources = [HERE / "js" / name for name in ("package.json", "build.mjs", "app.js")]

    def make(output: Path) -> None:
        if os.environ.get(FETCH) != "1":
            raise CannotBuild(f"it fetches much: set {FETCH}=1 to have npm do it, once")
        place = output.parent
        for source in sources:
            shutil.copy(source, place)
        _run([npm, "install", "--no-audit", "--no-fund", "--prefix", str(place)])
        _run([node, str(place / "build.mjs"), str(sources[2]), str(CONTRACT), str(output)])

    return _made(directory, make, sources, "")


BUILDERS: dict[str, Callable[[Path], bytes]] = {"python": _python, "go": _go, "js": _js}


def _adapter() -> bytes:
    """The adapter for wasip1 that others use, out of the crate that carries it."""
    try:
        cargo = Cargo.find(HERE).cargo
    except ToolchainMissing as missing:
        raise CannotBuild(str(missing)) from missing
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "src").mkdir()
        (place / "src" / "lib.rs").touch()
        (place / "Cargo.toml").write_text(
            '[package]\nname = "adapter"\nversion = "0.1.0"\nedition = "2021"\n'
            f'[dependencies]\n{ADAPTER} = "={ADAPTER_VERSION}"\n'
        )
        told = _run([str(cargo), "metadata", "--format-version", "1"], at=place)
    packages = json.loads(told)["packages"]
    (manifest,) = (each["manifest_path"] for each in packages if each["name"] == ADAPTER)
    return (Path(manifest).parent / "artefacts/wasi_snapshot_preview1.reactor.wasm").read_bytes()


def _made(
    directory: Path, make: Callable[[Path], None], sources: Sequence[Path], version: str
) -> bytes:
    whole = hashlib.sha256(version.encode())
    for path in [Path(__file__), CONTRACT, *sources]:
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    built = directory / f"{whole.hexdigest()[:32]}.wasm"
    if not built.is_file():
        with tempfile.TemporaryDirectory(dir=directory) as name:
            output = Path(name) / "made.wasm"
            make(output)
            output.replace(built)
    return built.read_bytes()


def _run(command: Sequence[str], at: Path | None = None, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=at,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise CannotBuild(f"{Path(command[0]).name} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
