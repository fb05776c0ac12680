"""Files, processes, threads and sockets: there are none, and whoever asks is told what to use.

While a component is built there are files, since modules are read from them. A function
taken before is therefore the one that refuses afterwards.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import sys
from collections.abc import Callable
from typing import Any

from kelpie_guest.turn import turn, unsupported

__all__ = ["install", "refuse_the_rest"]

_FILES = "an actor has no files: keep data in its state or kv, and constants in its modules"
_NETWORK = "an actor has no network: context.messaging talks to other actors"
_PROCESSES = "an actor starts no processes"
_THREADS = "an actor has one thread: other actors are what runs beside it"
_EXIT = "an actor does not exit: raise Rejection to refuse, or any other exception to fail"
_LOOPS = (
    "an operation is an ordinary function: nothing can be waited for but context.messaging.call"
)

_OF_OS = (
    *("access", "chdir", "chmod", "getcwd", "getcwdb", "link", "listdir", "lstat", "mkdir"),
    *("open", "readlink", "remove", "rename", "replace", "rmdir", "scandir", "stat", "symlink"),
    *("truncate", "unlink", "utime", "statvfs", "pipe", "read", "write", "fsync", "dup", "close"),
)
_PLACES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("socket", ("socket", "create_connection", "getaddrinfo", "gethostbyname"), _NETWORK),
    ("os", ("_exit", "abort", "kill"), _EXIT),
    ("os", ("system", "popen", "fork"), _PROCESSES),
    ("threading", ("_start_joinable_thread", "_start_new_thread"), _THREADS),
    ("_thread", ("start_new_thread", "start_joinable_thread", "start_new"), _THREADS),
    ("subprocess", ("Popen",), _PROCESSES),
    ("asyncio", ("run", "new_event_loop", "get_event_loop", "Runner"), _LOOPS),
    ("asyncio.events", ("new_event_loop", "get_event_loop"), _LOOPS),
)


def _while_built(function: Callable[..., Any], why: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        if turn.is_building:
            return function(*arguments, **named)
        return unsupported(why)

    return called


def install() -> None:
    opened = _while_built(builtins.open, _FILES)
    builtins.open = io.open = opened
    io.open_code = _while_built(io.open_code, _FILES)
    for name in _OF_OS:
        if hasattr(os, name):
            setattr(os, name, _while_built(getattr(os, name), _FILES))


def refuse_the_rest() -> None:
    """The same for modules that were imported, when all are."""
    for module, names, why in _PLACES:
        if module in sys.modules:
            for name in names:
                if hasattr(sys.modules[module], name):
                    setattr(sys.modules[module], name, _refusing(why))


def _refusing(why: str) -> Callable[..., Any]:
    def called(*_arguments: Any, **_named: Any) -> Any:
        unsupported(why)

    return called
