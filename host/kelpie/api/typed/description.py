"""What a kind says of its operations."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import Any

__all__ = ["Described", "Description"]

_BINARY = "binary"


class Described:
    """One operation."""

    def __init__(self, view: dict[str, Any]) -> None:
        self.view = view
        """As the host tells it."""
        self.name: str = view["name"]
        self.argument: Any = view["argument"]
        """Its JSON Schema; None: nothing is said."""

    @property
    def takes_bytes(self) -> bool:
        return isinstance(self.argument, dict) and self.argument.get("format") == _BINARY

    def mismatch(self, value: Any) -> str | None:
        """What is wrong with an argument, for people; None if nothing is."""
        return None if self.argument is None else self._mismatch(value)

    @cached_property
    def _mismatch(self) -> Any:
        # Programs that never get here need not wait for it.
        return import_module("kelpie.api.typed.schemas").checker(self.argument)


class Description:
    """One version of a kind."""

    def __init__(self, view: dict[str, Any]) -> None:
        self.number: int = view["number"]
        self.operations = {each["name"]: Described(each) for each in view["operations"]}
