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

# Without guests to interrupt for so long, the ticks stop: an idle host is idle.
_IDLE_MS = 1_000
_CLOCK_MONOTONIC = 1
_SIGEV_THREAD = 2
# value, signal, how to notify, function, its attributes, and the rest of 64 bytes.
_sigevent = struct.Struct("<QiiQQ32x")
# Interval and first expiry, each in seconds and nanoseconds.
_itimerspec = struct.Struct("<qqqq")

_clone_engine = hold("wasmtime_engine_clone", ADDRESS, ADDRESS)
_increment = release("wasmtime_engine_increment_epoch", None, ADDRESS)


class Ticker:
    """Ticks while guests run: from a call of `expect` until none came for a while."""

    def __init__(self, env: ThreadedEnv, engine: NativeEngine, tick_ms: int) -> None:
        self._env = env
        self._tick_ms = tick_ms
        self._native = engine
        self._engine = 0
        self._source: Handle | None = None
        self._check: Handle | None = None
        self._expected = False

    @property
    def needs_interpreter(self) -> bool:
        """Whether ticks wait for the interpreter lock: then a guest must not hold it."""
        return not _PosixTimer.available()

    @property
    def ticking(self) -> bool:
        return self._source is not None

    def expect(self) -> None:
        """A guest is about to run: it may need to be interrupted."""
        self._expected = True
        if self._source is None:
            self._start()

    def stop(self) -> None:
        """No tick begins after this. Idempotent."""
        for handle in (self._check, self._source):
            if handle is not None:
                handle.cancel()
        self._check = self._source = None

    def _start(self) -> None:
        if not self._engine:
            # A tick on its way when the timer is deleted may still touch the
            # engine: this reference is kept for good, some kilobytes for each host.
            self._engine = _clone_engine(self._native.address)
        if _PosixTimer.available():
            self._source = _PosixTimer(self._engine, self._tick_ms)
        else:
            self._source = self._env.every(
                self._tick_ms, lambda: _increment(self._engine), "guest ticks"
            )
        self._check = self._env.call_later(_IDLE_MS, self._stop_if_idle)

    def _stop_if_idle(self) -> None:
        if not self._expected:
            self.stop()
            return
        self._expected = False
        self._check = self._env.call_later(_IDLE_MS, self._stop_if_idle)


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

    def cancel(self) -> None:
        self._system.timer_delete(self._id)
