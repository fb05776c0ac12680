"""The generated bindings, with lighter classes in the places that each turn passes.

The runtime makes one object of every payload that comes in and of every reply. It looks
the classes up by name after the component's main module was imported, so what is set
here is what it uses. A dataclass runs Python code to be made. `StopIteration` is made
by the interpreter itself and keeps its one argument in `value`, which is all that the
runtime asks of these: each saves about two thousand instructions of a turn.
"""

from __future__ import annotations

import importlib
from typing import Any

import componentize_py_types
from wit_world.exports import batch, handler
from wit_world.imports import types

__all__ = ["BatchFailure", "Bytes", "Err", "Text", "interface", "types"]

# The runtime looks for these when there are no more imports.
assert handler


class Text(StopIteration):
    """`payload.text`."""

    __slots__ = ()


class Bytes(StopIteration):
    """`payload.bytes`."""

    __slots__ = ()


class Ok(StopIteration):
    """The success of a `result`."""

    __slots__ = ()


types.Payload_Text = Text
types.Payload_Bytes = Bytes
componentize_py_types.Ok = Ok
Err = componentize_py_types.Err
BatchFailure = batch.BatchFailure


def interface(name: str) -> Any:
    """The functions of an imported interface; None if the component imports it not."""
    try:
        return importlib.import_module(f"wit_world.imports.{name}")
    except ModuleNotFoundError:
        return None
