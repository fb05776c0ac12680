"""What takes threads, from a command that is not asynchronous itself."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from kelpie.cli.with_host import tell_of_fault
from kelpie.env import real
from kelpie.env.real import RealEnv

__all__ = ["with_env"]

Result = TypeVar("Result")


def with_env(work: Callable[[RealEnv], Coroutine[Any, Any, Result]]) -> Result:
    """What `work` returns, on an event loop of its own."""
    return real.run(work, tell_of_fault)
