"""Finding cargo, and calling it such that what it builds depends on the sources alone."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kelpie.projects.commands import answer
from kelpie.projects.errors import ToolchainMissing

__all__ = ["TARGET", "Cargo"]

TARGET = "wasm32-unknown-unknown"

# The `rust-version` of the SDK.
_VERSION_MIN = (1, 88)
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
        found, broken, too_old = _pairs(directory)
        for cargo, rustc, sysroot in found:
            if (sysroot / "lib/rustlib" / TARGET / "lib").is_dir():
                return cls(cargo, rustc, sysroot)
        linker = shutil.which("wasm-ld") or shutil.which("rust-lld")
        for cargo, rustc, sysroot in found:
            if linker and (sysroot / "lib/rustlib/src/rust/library/std/src").is_dir():
                return cls(cargo, rustc, sysroot, Path(linker))
        if not found:
            raise _no_rust(broken, too_old)
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

    def fetch(self) -> list[str] | None:
        """The command that gets what the crate where it is run depends on, where no crate was
        ever got; else None. What `build` says is to show in their place depends on where they
        lie, so that the build after the first one would be of everything anew."""
        return None if _crates().is_dir() else [str(self.cargo), "fetch"]

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
        crates = _crates()
        names = {**paths, self.sysroot / "lib/rustlib/src/rust": "rust"}
        if crates.is_dir():
            names |= dict.fromkeys(sorted(crates.iterdir()), "crates")
        return [f"--remap-path-prefix={path}={name}" for path, name in names.items()]


def _pairs(directory: Path) -> tuple[list[tuple[Path, Path, Path]], list[Path], list[str]]:
    """Each cargo and rustc that lie side by side, and where rustc has its libraries; those
    that do not run there; and the versions of those that are too old."""
    found, broken, too_old = [], list[Path](), list[str]()
    for folder in dict.fromkeys(_folders()):
        cargo, rustc = folder / "cargo", folder / "rustc"
        if not (cargo.is_file() and rustc.is_file()):
            continue
        sysroot = answer([rustc, "--print", "sysroot"], directory)
        version = re.match(
            r"rustc ((\d+)\.(\d+)\S*)", answer([rustc, "--version"], directory) or ""
        )
        if not sysroot:
            broken.append(rustc)
        elif version and (int(version[2]), int(version[3])) < _VERSION_MIN:
            too_old.append(version[1])
        else:
            found.append((cargo, rustc, Path(sysroot)))
    return found, broken, too_old


def _no_rust(broken: list[Path], too_old: list[str]) -> ToolchainMissing:
    if too_old:
        wanted = ".".join(map(str, _VERSION_MIN))
        return ToolchainMissing(
            f"the Rust of this machine is {too_old[0]}; actors need {wanted} or newer",
            # That of a system's packages is not renewed by rustup, which is not there either.
            "try: rustup update stable" if shutil.which("rustup") else _GET_RUST[0],
            f"then: {_ADD_TARGET}",
        )
    if broken:
        return ToolchainMissing(
            f"{broken[0]} does not run here: with rustup, no toolchain is chosen, or one that is "
            "not installed",
            "try: rustup default stable",
            f"then: {_ADD_TARGET}",
        )
    return ToolchainMissing("there is no Rust on this machine", *_GET_RUST)


def _folders() -> Iterator[Path]:
    yield from (Path(each) for each in os.environ.get("PATH", "").split(os.pathsep) if each)
    # Where rustup puts it, for a shell that was opened before.
    yield _home() / "bin"


def _home() -> Path:
    return Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))


def _crates() -> Path:
    """Where cargo puts the sources of crates, by where they come from."""
    return _home() / "registry" / "src"


def _get_target() -> tuple[str, ...]:
    if shutil.which("rustup"):
        return (f"try: {_ADD_TARGET}",)
    return (
        f"try: install Rust by rustup, as https://rustup.rs says, and then: {_ADD_TARGET}",
        "or the target's package of your system, as libstd-rust-dev-wasm32 of Debian",
    )
