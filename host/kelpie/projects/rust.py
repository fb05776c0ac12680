"""Projects in Rust: a crate that cargo builds as a core module."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from kelpie.env import Env
from kelpie.projects.cargo import Cargo
from kelpie.projects.commands import run
from kelpie.projects.errors import BuildFailed, ProjectUnclear
from kelpie.projects.toolchain import Language

__all__ = ["RUST", "RustToolchain"]

_MARKER = "Cargo.toml"


@dataclass(frozen=True, slots=True)
class RustToolchain:
    """A `Toolchain`."""

    cargo: Cargo

    @classmethod
    def find(cls, directory: Path) -> RustToolchain:
        return cls(Cargo.find(directory))

    @property
    def notice(self) -> str | None:
        return self.cargo.notice

    async def build(self, env: Env, directory: Path) -> bytes:
        await self._fetch(env, directory)
        messages = await run(
            env,
            "cargo",
            # Only here does cargo say which file it was that it built.
            self.cargo.build("--message-format=json-render-diagnostics"),
            directory,
            self.cargo.environment(),
        )
        return _module_of(messages, directory / _MARKER).read_bytes()

    async def _fetch(self, env: Env, directory: Path) -> None:
        command = self.cargo.fetch()
        if command is None:
            return
        try:
            await run(env, "cargo", command, directory, self.cargo.environment())
        except BuildFailed:
            raise BuildFailed(
                f"cargo could not get the crates that {directory.name} depends on: see above",
                "if it is the network that is missing: a proxy is named in HTTPS_PROXY",
            ) from None


def _module_of(messages: bytes, manifest: Path) -> Path:
    """The module that cargo built of the crate with this manifest."""
    for line in messages.splitlines():
        message = json.loads(line)
        if message["reason"] != "compiler-artifact":
            continue
        if Path(message["manifest_path"]) == manifest and "cdylib" in message["target"]["kind"]:
            for name in message["filenames"]:
                if name.endswith(".wasm"):
                    return Path(name)
    raise BuildFailed(
        f"{manifest} makes no WebAssembly module",
        'try: crate-type = ["cdylib", "lib"] in its section [lib]',
    )


def _project_name(directory: Path) -> str | None:
    manifest = directory / _MARKER
    try:
        found = tomllib.loads(manifest.read_text())
    except ValueError as error:
        raise ProjectUnclear(f"{manifest} is not TOML: {error}") from None
    package = found.get("package")
    if package is None and "workspace" in found:
        raise ProjectUnclear(
            f"{manifest} is a workspace", "try: kelpie build DIR, with the directory of one crate"
        )
    name = package.get("name") if isinstance(package, dict) else None
    return name if isinstance(name, str) else None


RUST = Language(
    name="rust",
    title="Rust",
    marker=_MARKER,
    sdk="kelpie-sdk",
    lock="Cargo.lock",
    names_taken=frozenset({"kelpie", "kelpie-macros"}),
    project_name=_project_name,
    toolchain=RustToolchain.find,
)
