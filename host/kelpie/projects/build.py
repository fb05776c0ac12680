"""From the sources of a project to a component that was looked into."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kelpie.env import Env
from kelpie.limits import DEFAULT_LIMITS
from kelpie.projects.project import Project
from kelpie.projects.toolchain import Toolchain
from kelpie.runtime.kinds.script import SECTION, parse_script
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.inspection import Inspection
from kelpie.wasm.sections import with_custom_section

__all__ = ["SCRIPT", "Built", "build", "write"]

SCRIPT = "script.jsonl"
"""The file of a project with operations that a deploy tries its component with."""


@dataclass(frozen=True, slots=True)
class Built:
    component: bytes
    inspection: Inspection
    """Of the component; there is nothing against it."""


async def build(env: Env, project: Project, toolchain: Toolchain, engine: WasmEngine) -> Built:
    """Builds a project, makes a component of what comes of it, and looks into that.

    Raises:
        BuildFailed: the compiler refuses it, and has said why.
        ComponentError: it compiles, and is no actor.
        OSError: its files cannot be read.
    """
    built = await toolchain.build(env, project.directory)
    component = _with_script(await engine.componentize(built), project.directory / SCRIPT)
    inspection = await engine.inspect(component)
    refusal = inspection.error()
    if refusal is not None:
        raise refusal
    return Built(component, inspection)


def _with_script(component: bytes, file: Path) -> bytes:
    """The component, and in it the operations that a deploy tries it with, if the
    project has such."""
    if not file.is_file():
        return component
    script = file.read_bytes()
    # What is wrong with it is told now, not only when it is deployed.
    parse_script(script, DEFAULT_LIMITS)
    return with_custom_section(component, SECTION, script)


def write(component: bytes, file: Path) -> None:
    """Puts a component in its place, all at once: who reads there never sees a part.

    Raises:
        OSError
    """
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.write_bytes(component)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
