"""The conformance actor of each language.

A language joins by a line in `LANGUAGES`. Its actor has the operations that the
tests here ask for; the Rust one, `tests/guests/conformance/rust`, is the pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.guest_sdks.components import CannotBuild, python_component

__all__ = ["LANGUAGES", "CannotBuild", "Language"]

GUESTS = Path(__file__).resolve().parents[2] / "guests" / "conformance"


@dataclass(frozen=True, slots=True)
class Language:
    component: Callable[[Path], bytes]
    """The component's bytes, given a directory in which what was built is kept.
    May raise `CannotBuild`."""
    place: str
    """What a panic's place begins with: where the operation `panic` is written."""
    forgets_bytes: bool = False
    """Whether an instance never frees the bytes that it was given."""


def _go(kept: Path) -> bytes:
    from tests.guest_sdks import go_guest  # noqa: PLC0415 - it needs what is above

    return go_guest.component(kept)


LANGUAGES = {
    "go": Language(component=_go, place="misbehaviour.go:"),
    "rust": Language(
        component=lambda _kept: (GUESTS / "rust" / "conformance.wasm").read_bytes(),
        place="src/misbehaviour.rs:",
    ),
    "python": Language(
        component=lambda kept: python_component(GUESTS / "python", kept),
        place="app.py:",
        # componentize-py 0.25
        forgets_bytes=True,
    ),
}
