"""Loops for the tests of the client's HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import uvloop


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """A program may have either: their transports differ in what they do at the end."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
