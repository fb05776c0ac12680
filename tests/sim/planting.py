"""How a bug is planted: patches of single methods, for as long as it is looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest import mock

__all__ = ["Bug", "patches"]


class Bug(NamedTuple):
    """A bug, the component that it is looked for with, and how it is planted."""

    name: str
    component: str
    plant: Callable[[], Any]


@contextmanager
def patches(*given: tuple[Any, str, Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for target, name, replacement in given:
            stack.enter_context(mock.patch.object(target, name, replacement))
        yield
