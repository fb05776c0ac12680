"""What can go wrong with journals, and with what is made of them."""

from __future__ import annotations

from kelpie.errors.caller import CallerError

__all__ = ["BundleInvalid", "ReplayDiverged", "TurnsNotFound"]


class BundleInvalid(CallerError):
    """A file that is no bundle, or a damaged one."""

    code, status, title = "bundle-invalid", 400, "The bundle cannot be read"


class TurnsNotFound(CallerError):
    """The journal of the actor has none of the turns that were asked for."""

    code, status, title = "turns-not-found", 404, "Those turns are not in the journal"


class ReplayDiverged(CallerError):
    """A component does something else than was recorded. `details["changes"]` has where."""

    code, status, title = "replay-diverged", 409, "Recorded turns come out differently"
