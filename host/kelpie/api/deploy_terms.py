"""What a client may ask of a deploy."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["DeployTerms"]


class DeployTerms(TypedDict, total=False):
    """All of it may be left out."""

    strict: bool
    """Whether a component that removes or narrows operations is refused."""
    grant: str | None
    """What it may import, with commas in between, or `all`; None: what it was."""
    no_determinism_check: bool
    """Whether it is not tried that it does the same twice."""
    shadow: int | None
    """On how many of the latest recorded turns it is tried. If it does anything else in
    one it is refused."""
    allow_divergence: bool
    """Whether it is not refused then: `shadow` of the answer says what it does otherwise."""
