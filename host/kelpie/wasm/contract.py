"""The contract that this host speaks, as `wit/actor.wit` has it."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["BATCH", "HANDLER", "IMPORTS", "PACKAGE", "VERSION", "interfaces"]

PACKAGE = "kelpie:actor"
VERSION = "0.1.0"
HANDLER = f"{PACKAGE}/handler@{VERSION}"
"""What every actor exports."""
BATCH = f"{PACKAGE}/batch@{VERSION}"
"""What an actor that takes batches exports besides."""

IMPORTS = (
    "state",
    "kv",
    "messaging",
    "clock",
    "entropy",
    "log",
    "identity",
    "config",
    "secrets",
    "wasi",
    "native",
)
"""What a component may import: the contract's interfaces, in its order, the virtual
WASI, which is one, and what an actor imports that is none: all of the process."""


def interfaces(imports: Iterable[str]) -> tuple[str, ...]:
    """Which of `IMPORTS` are among a component's imports, by their full names.
    `types` is none of them: nothing can be done with it."""
    found = {
        "wasi" if name.startswith("wasi:") else name.removeprefix(f"{PACKAGE}/").partition("@")[0]
        for name in imports
    }
    return tuple(each for each in IMPORTS if each in found)
