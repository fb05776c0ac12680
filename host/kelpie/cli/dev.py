"""`kelpie dev`: a host, and beside it what builds a project whenever it changes."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from kelpie.access.audit import DONE, AuditEntry
from kelpie.access.change import Change
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.cli import serve
from kelpie.cli.operations import told_operations
from kelpie.cli.output import printable, say, size, told_of
from kelpie.cli.serve import Serving
from kelpie.cli.versions import kind_of
from kelpie.env.watching import watch_sources
from kelpie.errors import KelpieError
from kelpie.projects.build import Built, build
from kelpie.projects.errors import ProjectError
from kelpie.projects.project import Project, find_project
from kelpie.projects.toolchain import Toolchain
from kelpie.runtime.kinds.deploy import Deploy

__all__ = ["run"]

# Beside what has a dot in front: what compilers make of sources, and hosts keep.
_NO_SOURCES = {"__pycache__", "node_modules", "target", "venv"}


def run(options: argparse.Namespace) -> int:
    project = find_project(options.directory, options.lang)
    kind = options.name or kind_of(Path(project.name))
    # Without it there is nothing to serve for.
    toolchain = project.language.toolchain(project.directory)
    if toolchain.notice is not None:
        say(toolchain.notice)

    async def work(serving: Serving) -> None:
        await _Workbench(project, toolchain, kind, options.data.name, serving).work()

    return serve.run(options, work)


class _Workbench:
    def __init__(
        self, project: Project, toolchain: Toolchain, kind: str, data: str, serving: Serving
    ) -> None:
        self._project = project
        self._toolchain = toolchain
        self._kind = kind
        self._data = data
        self._serving = serving
        self._changed = asyncio.Event()

    async def work(self) -> None:
        """Builds and deploys, now and after every change."""
        watch = watch_sources(
            self._serving.env, self._project.directory, self._is_left_out, self._changed.set
        )
        try:
            while True:
                self._changed.clear()
                await self._renew()
                await self._changed.wait()
        finally:
            watch.cancel()

    async def _renew(self) -> None:
        project, serving = self._project, self._serving
        self._say(f"building {project.name} ...")
        try:
            built = await build(serving.env, project, self._toolchain, serving.engine)
            deployed = await self._deploy(built.component)
        except ProjectError as error:
            self._say("\n  ".join((f"kelpie: {error.message}", *error.advice)))
        except KelpieError as error:
            self._say(told_of(error))
        except OSError as error:
            self._say(f"kelpie: {error}")
        else:
            self._tell(built, deployed)
            return
        self._say("waiting for a change; what was deployed before goes on serving")

    async def _deploy(self, component: bytes) -> Deploy:
        env, runtime = self._serving.env, self._serving.runtime
        entry = AuditEntry(
            *(env.wall_ns(), "dev", "this process", "deploy", DEFAULT_NAMESPACE, self._kind),
            *("", "", env.new_id()),
        )
        change = Change(self._serving.audit, entry)
        try:
            deployed = await runtime.deploy(
                DEFAULT_NAMESPACE, self._kind, component, witness=change.witness
            )
        except KelpieError as error:
            await change.end(error.code)
            raise
        await change.end(DONE)
        return deployed

    def _tell(self, built: Built, deployed: Deploy) -> None:
        what = f"{self._kind}, version {deployed.number}, {size(len(built.component))}"
        self._say(f"{'deployed' if deployed.changed else 'unchanged:'} {what}")
        self._say(f"operations: {told_operations(built.inspection.operations)}")
        for name in deployed.changes.removed:
            self._say(f"removed: {name}")
        manifest = built.inspection.manifest
        if deployed.number == 1 and manifest is not None and manifest.operations:
            path = f"/v1/actors/{self._kind}/alice/{next(iter(manifest.operations))}"
            self._say(f"try: curl -X POST {self._serving.url}{path}")

    def _say(self, told: str) -> None:
        self._serving.log.say(printable(told))

    def _is_left_out(self, name: str) -> bool:
        return (
            name.startswith(".")
            or name.endswith(".wasm")
            or name in _NO_SOURCES
            or name == self._data
        )
