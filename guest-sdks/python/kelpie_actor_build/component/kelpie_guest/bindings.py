"""The generated bindings, with lighter classes in the places that each turn passes.

The runtime makes one object of every payload that comes in and of every reply. It looks
the classes up by name after the component's main module was imported, so what is set
here is what it uses. A dataclass runs Python code to be made. `StopIteration` is made
by the interpreter itself and keeps its one argument in `value`, which is all that the
runtime asks of these: each saves about two thousand instructions of a turn. So does one
that is used again, where the runtime has done with it before the next is wanted.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

import componentize_py_runtime
import componentize_py_types
from wit_world.exports import batch, handler
from wit_world.imports import types

__all__ = ["BatchFailure", "Bytes", "Enumerated", "Err", "Text", "interface", "straight", "types"]

# The runtime looks for these when there are no more imports.
assert handler


class Text(StopIteration):
    """`payload.text`."""

    __slots__ = ()


class Bytes(StopIteration):
    """`payload.bytes`."""

    __slots__ = ()


class Enumerated(StopIteration):
    """A value of an enumeration, whose own members find their number in Python."""

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


def straight(function: FunctionType, arguments: list[Any]) -> Callable[[], object]:
    """Calls an imported function with what is in `arguments` then, as the generated function
    does, but without that in between."""
    asked: list[tuple[int, list[Any]]] = []

    def call_import(number: int, given: list[Any]) -> list[None]:
        asked.append((number, given))
        return [None]

    runtime = SimpleNamespace(call_import=call_import)
    known = function.__globals__ | {"componentize_py_runtime": runtime}
    FunctionType(function.__code__, known)(*arguments)
    ((number, given),) = asked
    assert given == arguments, "the runtime is given what the function is"
    return functools.partial(componentize_py_runtime.call_import, number, arguments)
