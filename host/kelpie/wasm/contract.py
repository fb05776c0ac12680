"""The contract that this host speaks, as `wit/actor.wit` has it."""

from __future__ import annotations

__all__ = ["HANDLER", "PACKAGE", "VERSION"]

PACKAGE = "kelpie:actor"
VERSION = "0.1.0"
HANDLER = f"{PACKAGE}/handler@{VERSION}"
