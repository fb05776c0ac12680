"""Values on their way to JSON and back, as their type hints say."""

from __future__ import annotations
