"""On which terms a component is deployed."""

from __future__ import annotations

from typing import TypedDict

from kelpie.runtime.kinds.grants import MayReach

__all__ = ["Terms"]


class Terms(TypedDict, total=False):
    """What may be asked of a deploy. All of it may be left out."""

    may_reach: MayReach
    """Asked of each other namespace in reach of the version before, if another component
    is to keep that without being granted it anew; left out: whoever deploys may."""
    strict: bool
    """Whether it is refused if it removes or narrows operations; else it is not."""
    grant: tuple[str, ...] | None
    """What the kind may import from now on (see `parse_grant`); None: what it might before."""
    shadow: int | None
    """How many of the latest recorded turns of its kind it is tried on, and refused if it
    does anything else; None: it is not."""
    allow_divergence: bool
    """Whether it is not refused then: what it does otherwise is only told."""
    determinism_check: bool
    """Whether it is tried first, and refused if it does not do the same twice; else it is."""
