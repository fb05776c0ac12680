"""The clock that interrupts guests: it advances the engine's epoch.

On Linux a POSIX timer calls the engine from a thread of the C library, which
needs no interpreter lock: it ticks also while a guest runs with the lock held.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from typing import Any

from kelpie.env import Handle, ThreadedEnv
from kelpie.errors import HostFault
from kelpie.wasm.handles import NativeEngine
from kelpie.wasm.library import ADDRESS, address_of_callback, hold, release

__all__ = ["Ticker"]

_CLOCK_MONOTONIC = 1
_SIGEV_THREAD = 2
# value, signal, how to notify, function, its attributes, and the rest of 64 bytes.
_sigevent = struct.Struct("<QiiQQ32x")
# Interval and first expiry, each in seconds and nanoseconds.
_itimerspec = struct.Struct("<qqqq")

_clone_engine = hold("wasmtime_engine_clone", ADDRESS, ADDRESS)
_increment = release("wasmtime_engine_increment_epoch", None, ADDRESS)


class Ticker:
    """Ticks from `start` to `stop`."""

    def __init__(self, env: ThreadedEnv, engine: NativeEngine, tick_ms: int) -> None:
        self._env = env
        self._tick_ms = tick_ms
        # A tick on its way when the timer is deleted may still touch the engine:
        # this reference is kept for good, some kilobytes for each host.
        self._engine: int = _clone_engine(engine.address)
        self._timer: _PosixTimer | None = None
        self._thread: Handle | None = None

    @property
    def needs_interpreter(self) -> bool:
        """Whether ticks wait for the interpreter lock: then a guest must not hold it."""
        return not _PosixTimer.available()

    def start(self) -> None:
        if _PosixTimer.available():
            self._timer = _PosixTimer(self._engine, self._tick_ms)
        else:
            self._thread = self._env.every(
                self._tick_ms, lambda: _increment(self._engine), "guest ticks"
            )

    def stop(self) -> None:
        """Idempotent."""
        timer, self._timer = self._timer, None
        thread, self._thread = self._thread, None
        if timer is not None:
            timer.delete()
        if thread is not None:
            thread.cancel()


class _PosixTimer:
    """A timer of the C library that calls the engine, in a thread of its own."""

    _system: Any = ctypes.PyDLL(None, use_errno=True)

    @classmethod
    def available(cls) -> bool:
        return sys.platform == "linux" and hasattr(cls._system, "timer_create")

    def __init__(self, engine: int, tick_ms: int) -> None:
        self._id = ctypes.c_void_p()
        function = address_of_callback(_increment)
        event = ctypes.create_string_buffer(
            _sigevent.pack(engine, 0, _SIGEV_THREAD, function, 0), _sigevent.size
        )
        if self._system.timer_create(_CLOCK_MONOTONIC, event, ctypes.byref(self._id)):
            raise HostFault(f"the system gives no timer: errno {ctypes.get_errno()}")
        seconds, nanoseconds = divmod(tick_ms * 1_000_000, 1_000_000_000)
        period = _itimerspec.pack(seconds, nanoseconds, seconds, nanoseconds)
        if self._system.timer_settime(self._id, 0, period, None):
            raise HostFault(f"the system starts no timer: errno {ctypes.get_errno()}")

    def delete(self) -> None:
        self._system.timer_delete(self._id)
