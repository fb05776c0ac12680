#!/usr/bin/env python3
"""Builds everything in this repository that is WebAssembly and committed.

    python tools/build_guests.py                  build all that is out of date
    python tools/build_guests.py counter rogue    build these, out of date or not
    python tools/build_guests.py --all            build all, out of date or not
    python tools/build_guests.py --check          only say what is out of date

Each built file is committed next to its source, with a `.digest` file beside it
that says from which sources it was made. `--check` and the tests compare that
digest with the sources, so nobody forgets to build again.

All but the adapter need cargo. The wasm target is used if it is there (`rustup target add
wasm32-unknown-unknown`). If not, the standard library is built as well, which
needs its sources (`rust-src`) and wasm-ld, and takes a minute longer.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import os
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path

from kelpie.projects.cargo import TARGET, Cargo
from kelpie.projects.errors import ToolchainMissing

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "wit" / "actor.wit"
TEMPLATE_TOOL = ROOT / "tools" / "adapter_template.py"
COMPONENTIZER = ROOT / "host/kelpie/componentizer/componentizer.wasm"
# Of build output none is kept in the tree; git ignores this folder.
BUILD_FOLDER = ROOT / "target" / "guests"


@dataclasses.dataclass(frozen=True)
class Built(ABC):
    """A file that is built and committed."""

    name: str
    output: Path

    @abstractmethod
    def sources(self) -> list[Path]: ...

    @property
    def digest_file(self) -> Path:
        return self.output.with_suffix(".digest")

    def digest(self) -> str:
        """SHA-256 over the names and contents of all sources."""
        whole = hashlib.sha256()
        for path in self.sources():
            content = path.read_bytes().replace(b"\r\n", b"\n")
            name = path.relative_to(ROOT).as_posix().encode()
            whole.update(b"%d %s %d\n" % (len(name), name, len(content)))
            whole.update(content)
        return whole.hexdigest()

    def why_stale(self) -> str | None:
        """Why the built file has to be built again; None if it need not be."""
        if not self.output.is_file():
            return "was never built"
        if not self.digest_file.is_file():
            return f"has no {self.digest_file.name} beside it"
        recorded = dict(
            line.split(maxsplit=1) for line in self.digest_file.read_text().splitlines() if line
        )
        if recorded.get("sources") != self.digest():
            return "was built from other sources"
        if recorded.get("output") != hashlib.sha256(self.output.read_bytes()).hexdigest():
            return "is not the file that was built"
        return None

    def record(self) -> None:
        output = hashlib.sha256(self.output.read_bytes()).hexdigest()
        self.digest_file.write_text(f"sources {self.digest()}\noutput {output}\n")


@dataclasses.dataclass(frozen=True)
class Guest(Built):
    """One crate and the file that is built from it."""

    # Where Cargo.lock is: the crate itself, or the workspace it belongs to.
    workspace: Path
    crate: Path
    is_component: bool
    # Folders of other crates that this one is built with.
    with_crates: tuple[Path, ...] = ()

    def sources(self) -> list[Path]:
        files = {self.workspace / "Cargo.toml", self.workspace / "Cargo.lock"}
        for crate in (self.crate, *self.with_crates):
            files.add(crate / "Cargo.toml")
            for folder in ("src", "wit"):
                files.update(path for path in (crate / folder).rglob("*") if path.is_file())
        if self.is_component:
            files.add(CONTRACT)
        return sorted(files)


@dataclasses.dataclass(frozen=True)
class Adapter(Built):
    """The sealed wasip1 adapter, which is written in text."""

    template: Path

    def sources(self) -> list[Path]:
        return sorted({*self.template.parent.glob("*.wat"), TEMPLATE_TOOL, CONTRACT})

    def build(self) -> bytes:
        from adapter_template import expand  # noqa: PLC0415
        from wasmtime import wat2wasm  # noqa: PLC0415

        version = re.search(r"^package kelpie:actor@([\d.]+);", CONTRACT.read_text(), re.MULTILINE)
        assert version is not None, "the contract has a version"
        return bytes(wat2wasm(expand(self.template, version[1])))


def _fixture(name: str) -> Guest:
    folder = ROOT / "tests" / "guests"
    return Guest(
        name=name,
        workspace=folder,
        crate=folder / name,
        output=folder / f"{name}.wasm",
        is_component=True,
        with_crates=(folder / "common",),
    )


SDK = ROOT / "guest-sdks" / "rust"


def _with_sdk(name: str, crate: Path) -> Guest:
    return Guest(
        name=name,
        workspace=crate,
        crate=crate,
        output=crate / f"{name}.wasm",
        is_component=True,
        with_crates=(SDK / "kelpie", SDK / "kelpie-macros"),
    )


# In the order of building: the componentizer makes the others components.
GUESTS: tuple[Guest | Adapter, ...] = (
    Guest(
        name="componentizer",
        workspace=ROOT / "host/kelpie/componentizer/crate",
        crate=ROOT / "host/kelpie/componentizer/crate",
        output=COMPONENTIZER,
        is_component=False,
    ),
    Adapter(
        name="adapter",
        template=ROOT / "host/kelpie/componentizer/adapter/adapter.wat",
        output=ROOT / "host/kelpie/componentizer/wasip1.wasm",
    ),
    Guest(
        name="counter",
        workspace=ROOT / "examples/rust-counter",
        crate=ROOT / "examples/rust-counter",
        output=ROOT / "examples/rust-counter/counter.wasm",
        is_component=True,
    ),
    _fixture("bank"),
    _fixture("ledger"),
    _fixture("parcels"),
    _fixture("rogue"),
    _fixture("rounds"),
    _with_sdk("account", ROOT / "examples/bank/account"),
    _with_sdk("conformance", ROOT / "tests/guests/conformance/rust"),
)


class BuildError(Exception):
    """A build that cannot go on; the message is for the user."""


@functools.cache
def find_cargo() -> Cargo:
    """
    Raises:
        ToolchainMissing
    """
    cargo = Cargo.find(ROOT)
    if cargo.notice is not None:
        print(cargo.notice, file=sys.stderr)
    return cargo


def cargo_build(guest: Guest) -> Path:
    """Builds a crate; where the module is."""
    cargo, paths = find_cargo(), {ROOT: "kelpie"}
    target = Path(os.environ.get("CARGO_TARGET_DIR", BUILD_FOLDER))
    environment = os.environ | cargo.environment(paths) | {"CARGO_TARGET_DIR": str(target)}
    command = cargo.build("--locked", paths=paths)
    if subprocess.run(command, cwd=guest.crate, env=environment, check=False).returncode != 0:
        raise BuildError(f"cargo could not build {guest.name}")
    return target / TARGET / "release" / f"{guest.name}.wasm"


def componentize(module: bytes) -> bytes:
    """Makes a component of a core module, with the host's own componentizer."""
    from wasmtime import Engine, Instance, Module, Store  # noqa: PLC0415

    store = Store(Engine())
    instance = Instance(store, Module.from_file(store.engine, str(COMPONENTIZER)), [])
    exports = instance.exports(store)
    memory = exports["memory"]
    arguments: list[int] = []
    for content in (module, CONTRACT.read_bytes(), b""):
        pointer = exports["alloc"](store, len(content)) & 0xFFFF_FFFF
        memory.write(store, content, pointer)
        arguments += [pointer, len(content)]
    refused = exports["componentize"](store, *arguments)
    start = exports["out_ptr"](store) & 0xFFFF_FFFF
    output = bytes(memory.read(store, start, start + exports["out_len"](store)))
    if refused:
        raise BuildError(output.decode())
    return output


def build(guest: Guest | Adapter) -> None:
    if isinstance(guest, Adapter):
        built = guest.build()
    else:
        built = cargo_build(guest).read_bytes()
        if guest.is_component:
            built = componentize(built)
    shown = re.search(rb"/(?:home|root|Users)/[\w./-]+", built)
    if shown:
        raise BuildError(f"{guest.name} contains a path of this machine: {shown[0].decode()}")
    guest.output.write_bytes(built)
    guest.record()
    print(f"{guest.output.relative_to(ROOT)}: {len(built):,} bytes")


def main(arguments: list[str] | None = None) -> int:
    names = [guest.name for guest in GUESTS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("guests", nargs="*", metavar="GUEST", help=", ".join(names))
    parser.add_argument("--all", action="store_true", help="build all, out of date or not")
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    options = parser.parse_args(arguments)
    if unknown := set(options.guests) - set(names):
        parser.error(f"no such guest: {', '.join(sorted(unknown))} (there are {', '.join(names)})")

    asked = [guest for guest in GUESTS if not options.guests or guest.name in options.guests]
    stale = [(guest, why) for guest in asked if (why := guest.why_stale())]
    for guest, why in stale:
        print(f"{guest.name}: {guest.output.relative_to(ROOT)} {why}", file=sys.stderr)
    if options.check:
        return 1 if stale else 0
    todo = asked if options.all or options.guests else [guest for guest, _ in stale]
    if not todo:
        print("all is up to date")
        return 0
    try:
        for guest in todo:
            build(guest)
    except ToolchainMissing as error:
        print("\n  ".join((f"error: {error}", *error.advice)), file=sys.stderr)
        return 1
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
