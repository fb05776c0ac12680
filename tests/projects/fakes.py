"""A Rust that is none: a cargo that takes a moment, and `builds` what it is told."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["environment_with", "fake_cargo", "fake_project", "write_source"]

# The module to answer with is named in src/lib.rs, and so is what else is to happen.
_CARGO = """#!/bin/sh
if [ "$1" = fetch ]; then exit; fi
case "$(cat src/lib.rs)" in
*BROKEN*) echo 'error: expected one of `!` or `::`' >&2; exit 101;;
*ENDLESS*) echo $$ > {place}/cargo.pid; sleep 600 & echo $! > {place}/sleep.pid; wait;;
esac
module=$(head -n 1 src/lib.rs | cut -c 4-)
printf '{{"reason":"compiler-artifact","manifest_path":"%s/Cargo.toml",' "$PWD"
printf '"target":{{"kind":["cdylib"]}},"filenames":["%s"]}}\\n' "$module"
"""
_RUSTC = "#!/bin/sh\necho {sysroot}\n"


def fake_cargo(place: Path, *, target: bool = True, sources: bool = False) -> Path:
    """A directory with cargo and rustc in it, in which one may look for tools."""
    tools, sysroot = place / "tools", place / "sysroot"
    tools.mkdir(parents=True)
    libraries = sysroot / "lib" / "rustlib"
    libraries.mkdir(parents=True)
    if target:
        (libraries / "wasm32-unknown-unknown" / "lib").mkdir(parents=True)
    if sources:
        (libraries / "src/rust/library/std/src").mkdir(parents=True)
    write_tool(tools / "cargo", _CARGO.format(place=place))
    write_tool(tools / "rustc", _RUSTC.format(sysroot=sysroot))
    return tools


def write_tool(file: Path, script: str) -> None:
    file.write_text(script)
    file.chmod(0o755)


def fake_project(directory: Path, module: Path) -> Path:
    """A project of which the fake makes this module."""
    (directory / "src").mkdir(parents=True)
    (directory / "Cargo.toml").write_text('[package]\nname = "counter"\n')
    write_source(directory, module)
    return directory


def write_source(project: Path, module: Path, more: str = "") -> None:
    (project / "src" / "lib.rs").write_text(f"// {module}\n{more}\n")


def environment_with(tools: Path) -> dict[str, str]:
    """That of this process, but for where tools are looked for."""
    unwanted = {"CARGO_HOME", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PATH": f"{tools}:/usr/bin:/bin", "HOME": str(tools)}
