"""`kelpie build`: a component of a project."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from kelpie.cli.cache import cache_directory, without_cache
from kelpie.cli.operations import told_operations
from kelpie.cli.output import printable, say, size, tell_error
from kelpie.cli.suggested import suggested
from kelpie.cli.with_env import with_env
from kelpie.env.real import RealEnv
from kelpie.errors import ComponentError
from kelpie.limits import DEFAULT_LIMITS
from kelpie.projects.build import Built, build, write
from kelpie.projects.errors import ProjectError
from kelpie.projects.project import Project, find_project
from kelpie.wasm.contract import PACKAGE, interfaces
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.inspection import Inspection

__all__ = ["run"]

# A host has other things to do than to compile. Who builds waits as long as they like.
_LIMITS = replace(DEFAULT_LIMITS, component_compile_ms_max=600_000)


def run(options: argparse.Namespace) -> int:
    project = find_project(options.directory, options.lang)
    file = options.out or project.output
    _check_place(file)
    try:
        built = with_env(lambda env: _build(env, project))
    except ComponentError as error:
        tell_error(error, f"nothing was written to {_shown(file)}")
        return 1
    write(built.component, file)
    print(printable(f"built {_shown(file)}, {size(len(built.component))}"))
    inspection = built.inspection
    say(f"imports: {', '.join(interfaces(inspection.imports)) or 'nothing'}")
    say(f"operations: {told_operations(inspection.operations)}")
    say(_told_seal(inspection))
    say(f"try: {suggested(options, 'deploy', _shown(file))}")
    return 0


def _check_place(file: Path) -> None:
    """Before anything is compiled for it.

    Raises:
        ProjectError: no file can be there.
    """
    if file.is_dir():
        raise ProjectError(f"{file} is a directory", f"try: --out {file / 'NAME.wasm'}")
    if not file.parent.is_dir():
        raise ProjectError(
            f"there is no directory {file.parent}", f"try: mkdir -p {file.parent}, then the same"
        )


async def _build(env: RealEnv, project: Project) -> Built:
    toolchain = await env.blocking(project.language.toolchain, project.directory)
    if toolchain.notice is not None:
        say(toolchain.notice)
    engine = WasmEngine(env, _LIMITS, cache_directory(), epochs=True, trouble=without_cache())
    try:
        return await build(env, project, toolchain, engine)
    finally:
        engine.close()


def _told_seal(inspection: Inspection) -> str:
    if inspection.sealed:
        return "sealed: it reaches nothing but what the contract offers"
    others = [name for name in inspection.imports if not name.startswith(f"{PACKAGE}/")]
    return f"not sealed: it imports {', '.join(others)}"


def _shown(file: Path) -> str:
    """As one would name it from here."""
    here = Path.cwd()
    place = file.absolute()
    return os.fspath(place.relative_to(here) if place.is_relative_to(here) else place)
