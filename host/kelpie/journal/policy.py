"""What is kept of the turns of a kind."""

from __future__ import annotations

from enum import Enum

__all__ = ["DEFAULT_POLICY", "Policy"]


class Policy(Enum):
    """Set for each kind."""

    OFF = "off"
    """Nothing is recorded."""
    FAILURES = "failures"
    """The turns of an instance are kept in memory, and written when one fails."""
    ALL = "all"
    """Every turn is written, by its own commit if it has one."""


DEFAULT_POLICY = Policy.FAILURES
