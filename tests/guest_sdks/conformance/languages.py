"""The conformance actor of each language.

A language joins by a line in `LANGUAGES`. Its actor has the operations that the
tests here ask for; the Rust one, `tests/guests/conformance/rust`, is the pattern.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kelpie.limits import DEFAULT_LIMITS
from kelpie.native.component import NativeComponent
from tests.guest_sdks.components import CannotBuild, python_component

__all__ = ["LANGUAGES", "CannotBuild", "Language", "native_class"]

GUESTS = Path(__file__).resolve().parents[2] / "guests" / "conformance"


@dataclass(frozen=True, slots=True)
class Language:
    component: Callable[[Path], bytes]
    """The component's bytes, given a directory in which what was built is kept.
    May raise `CannotBuild`."""
    place: str
    """What a panic's place begins with: where the operation `panic` is written."""
    frees_at_once: bool = True
    """Whether what a turn does not need any more is free before the next."""
    late_bytes_max: int = 0
    """By how much an instance's own memory may grow after 10,000 turns, though nothing
    leaks. Pages that it shares with all become its own with the first write to them."""
    is_sealed: bool = True
    """Whether nothing is reached but the host, and fuel and memory have a bound."""


def _go(kept: Path) -> bytes:
    from tests.guest_sdks import go_guest  # noqa: PLC0415 - it needs what is above

    return go_guest.component(kept)


def native_class() -> type:
    """The class that the Python component is made of, in this process."""
    if "conformance_app" in sys.modules:
        return sys.modules["conformance_app"].Conformance  # type: ignore[no-any-return]
    spec = importlib.util.spec_from_file_location("conformance_app", GUESTS / "python" / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.Conformance  # type: ignore[no-any-return]


LANGUAGES = {
    "go": Language(component=_go, place="misbehaviour.go:", frees_at_once=False),
    "rust": Language(
        component=lambda _kept: (GUESTS / "rust" / "conformance.wasm").read_bytes(),
        place="src/misbehaviour.rs:",
    ),
    "python": Language(
        component=lambda kept: python_component(GUESTS / "python", kept),
        place="app.py:",
        # 108 KiB in the second 10,000, then 36, 24, 16: the heap of the interpreter lies in
        # pages shared by all instances, and free places in it are used one after the other,
        # so each has its first write at some time. Nothing is left behind: the objects and
        # the linear memory stay as many.
        late_bytes_max=128 * 1024,
    ),
    "native": Language(
        component=lambda _kept: NativeComponent(native_class(), DEFAULT_LIMITS).wasm,
        place="app.py:",
        is_sealed=False,
    ),
}
