"""The bank of `examples/bank`: its three components, built where they are wanted."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from tests.guest_sdks import go_guest
from tests.guest_sdks.components import CannotBuild, keep_compiled, python_component

__all__ = ["BANK", "CannotBuild", "components", "write_components"]

BANK = Path(__file__).resolve().parents[2] / "examples" / "bank"


@functools.cache
def components(compiled: Path) -> Mapping[str, bytes]:
    """Each by its kind. What is compiled for the simulator is put into `compiled`, a cache
    of compiled forms.

    Raises:
        CannotBuild: a toolchain is not here.
    """
    made = {
        "account": (BANK / "account" / "account.wasm").read_bytes(),
        "transfer": go_guest.component(compiled, "transfer"),
        "auditor": python_component(BANK / "auditor", compiled),
    }
    for content in made.values():
        keep_compiled(content, compiled, epochs=False)
    return made


def write_components(place: Path, compiled: Path) -> list[Path]:
    """Writes them into a folder, for a host that finds in `compiled` what it compiles of them.

    Raises:
        CannotBuild: a toolchain is not here.
    """
    files = []
    for kind, content in components(compiled).items():
        keep_compiled(content, compiled, epochs=True)
        file = place / f"{kind}.wasm"
        file.write_bytes(content)
        files.append(file)
    return files
