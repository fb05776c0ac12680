"""The contract that this host speaks, as `wit/actor.wit` has it."""

from __future__ import annotations

__all__ = ["BATCH", "HANDLER", "PACKAGE", "VERSION"]

PACKAGE = "kelpie:actor"
VERSION = "0.1.0"
HANDLER = f"{PACKAGE}/handler@{VERSION}"
"""What every actor exports."""
BATCH = f"{PACKAGE}/batch@{VERSION}"
"""What an actor that takes batches exports besides."""
