"""Finding cargo, and calling it such that what it builds depends on the sources alone."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kelpie.projects.commands import answer
from kelpie.projects.errors import ToolchainMissing

__all__ = ["TARGET", "Cargo"]

TARGET = "wasm32-unknown-unknown"

_NO_PATHS: Mapping[Path, str] = {}
_ADD_TARGET = f"rustup target add {TARGET}"
_GET_RUST = (
    "try: install Rust, as https://rustup.rs says",
    f"then: {_ADD_TARGET}",
)


@dataclass(frozen=True)
class Cargo:
    """A cargo that can build for the wasm target, and how to call it there."""

    cargo: Path
    rustc: Path
    sysroot: Path
    linker: Path | None = None
    """Builds the standard library too, with this linker; None: the target is installed."""

    @classmethod
    def find(cls, directory: Path) -> Cargo:
        """The first of this machine that can do it; asked in the directory, which may
        have a toolchain of its own. Blocks.

        Raises:
            ToolchainMissing
        """
        found = list(_pairs(directory))
        for cargo, rustc, sysroot in found:
            if (sysroot / "lib/rustlib" / TARGET / "lib").is_dir():
                return cls(cargo, rustc, sysroot)
        linker = shutil.which("wasm-ld") or shutil.which("rust-lld")
        for cargo, rustc, sysroot in found:
            if linker and (sysroot / "lib/rustlib/src/rust/library/std/src").is_dir():
                return cls(cargo, rustc, sysroot, Path(linker))
        if not found:
            raise ToolchainMissing("there is no Rust on this machine", *_GET_RUST)
        raise ToolchainMissing(f"this Rust has no target {TARGET}", *_get_target())

    @property
    def notice(self) -> str | None:
        """What whoever builds with it should know; None: nothing."""
        if self.linker is None:
            return None
        return (
            f"Rust's target {TARGET} is not installed, so the standard library is built too, "
            f"which takes a minute the first time; `{_ADD_TARGET}` spares that"
        )

    def build(self, *options: str, paths: Mapping[Path, str] = _NO_PATHS) -> list[str]:
        """The command that builds the crate where it is run, for the wasm target.

        `paths` are directories that must not show in what is built, since they
        differ from machine to machine, and what shows instead. The crate's own
        is not among them, nor what is below it: cargo names these relative to it.
        """
        std = ("-Zbuild-std=std,panic_abort",) if self.linker else ()
        flags = f"target.{TARGET}.rustflags={json.dumps(self._flags(paths))}"
        return [
            *(str(self.cargo), "build", "--release", "--target", TARGET),
            *(*std, "--config", flags, *options),
        ]

    def environment(self, paths: Mapping[Path, str] = _NO_PATHS) -> dict[str, str]:
        """What the command needs, besides what this process has; `paths` as for `build`."""
        environment = {"RUSTC": str(self.rustc)}
        # If flags are given in the environment, cargo reads no others.
        if "CARGO_ENCODED_RUSTFLAGS" in os.environ:
            given = [os.environ["CARGO_ENCODED_RUSTFLAGS"]]
            environment["CARGO_ENCODED_RUSTFLAGS"] = "\x1f".join(given + self._flags(paths))
        elif "RUSTFLAGS" in os.environ:
            given = os.environ["RUSTFLAGS"].split()
            environment["CARGO_ENCODED_RUSTFLAGS"] = "\x1f".join(given + self._flags(paths))
        if self.linker:
            # Options with -Z are for nightly compilers otherwise.
            environment["RUSTC_BOOTSTRAP"] = "1"
            environment["CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER"] = str(self.linker)
        return environment

    def _flags(self, paths: Mapping[Path, str]) -> list[str]:
        home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
        crates = home / "registry" / "src"
        names = {**paths, self.sysroot / "lib/rustlib/src/rust": "rust"}
        if crates.is_dir():
            names |= dict.fromkeys(sorted(crates.iterdir()), "crates")
        return [f"--remap-path-prefix={path}={name}" for path, name in names.items()]


def _pairs(directory: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Each cargo and rustc that lie side by side, and where rustc has its libraries."""
    seen = set()
    for folder in _folders():
        cargo, rustc = folder / "cargo", folder / "rustc"
        if folder in seen or not (cargo.is_file() and rustc.is_file()):
            continue
        seen.add(folder)
        sysroot = answer([rustc, "--print", "sysroot"], directory)
        if sysroot:
            yield cargo, rustc, Path(sysroot)


def _folders() -> Iterator[Path]:
    yield from (Path(each) for each in os.environ.get("PATH", "").split(os.pathsep) if each)
    # Where rustup puts it, for a shell that was opened before.
    yield Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "bin"


def _get_target() -> tuple[str, ...]:
    if shutil.which("rustup"):
        return (f"try: {_ADD_TARGET}",)
    return (
        f"try: install Rust by rustup, as https://rustup.rs says, and then: {_ADD_TARGET}",
        "or the target's package of your system, as libstd-rust-dev-wasm32 of Debian",
    )
