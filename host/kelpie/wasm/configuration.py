"""How the engine is set up: deterministic, metered, bounded.

The same settings must hold where a component is compiled and where it runs;
`fingerprint` names them, so that a compiled form is never used under others.
"""

from __future__ import annotations

import ctypes
import hashlib
import platform
import sys
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

from wasmtime import Config

from kelpie.limits import KIB, MIB, Limits
from kelpie.wasm.compiled_form import FORM_VERSION
from kelpie.wasm.handles import NativeConfig
from kelpie.wasm.library import ADDRESS, SIZE, WASMTIME_VERSION, hold

__all__ = ["Configuration", "MEMORY_GUARD_BYTES", "MEMORY_RESERVATION_BYTES", "tool_config"]

# With all 4 GiB that a 32-bit guest can name reserved behind each memory, and a
# guard beyond them, the hardware checks its bounds. Address space is all it costs.
MEMORY_RESERVATION_BYTES = 4096 * MIB
MEMORY_GUARD_BYTES = 32 * MIB

# Host calls run on the guest's fiber, so they need room beneath the wasm stack.
_HOST_STACK_BYTES = 512 * KIB

_new = hold("wasm_config_new", ADDRESS)


def _setter(name: str, kind: type[Any]) -> Callable[[int, Any], None]:
    return hold(f"wasmtime_config_{name}_set", None, ADDRESS, kind)


# Off: what is not deterministic, what the host cannot meter or bound, and what
# no contract needs.
_SWITCHES = {
    "consume_fuel": True,
    "cranelift_nan_canonicalization": True,
    "wasm_relaxed_simd_deterministic": True,
    "wasm_threads": False,
    "shared_memory": False,
    "wasm_memory64": False,
    "wasm_gc": False,
    "wasm_exceptions": False,
    "wasm_stack_switching": False,
    "wasm_component_model_async": False,
    # A guest has one call at a time. With this on, Wasmtime 50.0 ends one that lends a host
    # call a second handle, as `wasi:io/poll` does: bytecodealliance/wasmtime#14350.
    "concurrency_support": False,
    "wasm_component_model": True,
    # Memories are made by `memories.py`, which has images of its own.
    "memory_init_cow": False,
    "memory_may_move": False,
    "signals_based_traps": True,
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of one engine."""

    epochs: bool
    stack_bytes: int

    @classmethod
    def of(cls, limits: Limits, *, epochs: bool) -> Configuration:
        return cls(epochs=epochs, stack_bytes=limits.instance_stack_bytes_max)

    @property
    def fiber_stack_bytes(self) -> int:
        """A fiber's whole stack: the guest's part, and room for host calls."""
        return self.stack_bytes + _HOST_STACK_BYTES

    def native(self) -> NativeConfig:
        """A new native configuration with these settings."""
        config = NativeConfig(_new())
        self.apply(config.address)
        return config

    def apply(self, address: int) -> None:
        """Puts these settings into a native configuration."""
        for name, on in _SWITCHES.items():
            _setter(name, ctypes.c_bool)(address, on)
        _setter("epoch_interruption", ctypes.c_bool)(address, self.epochs)
        _setter("max_wasm_stack", SIZE)(address, self.stack_bytes)
        _setter("async_stack_size", SIZE)(address, self.fiber_stack_bytes)
        _setter("memory_reservation", ctypes.c_uint64)(address, MEMORY_RESERVATION_BYTES)
        _setter("memory_guard_size", ctypes.c_uint64)(address, MEMORY_GUARD_BYTES)
        _setter("memory_reservation_for_growth", ctypes.c_uint64)(address, 0)

    def fingerprint(self) -> str:
        """Names these settings, the library and this kind of machine."""
        parts = (
            WASMTIME_VERSION,
            sys.platform,
            platform.machine(),
            astuple(self),
            sorted(_SWITCHES.items()),
            MEMORY_RESERVATION_BYTES,
            MEMORY_GUARD_BYTES,
            FORM_VERSION,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def tool_config() -> Config:
    """The settings for tools of our own: core modules, metered, stopped by the clock,
    otherwise as usual."""
    config = Config()
    config.consume_fuel = True
    config.epoch_interruption = True
    return config
