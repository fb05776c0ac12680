"""The stacks of fibers: reused, so that a new guest need not ask the system for one.

A stack is of use to one guest at a time. It has a guard page beneath, and what
its last user left above can be read by no guest.
"""

from __future__ import annotations

import ctypes
import struct

from kelpie.wasm.errors import error_address
from kelpie.wasm.library import (
    ADDRESS,
    FINALIZER,
    SIZE,
    address_of_callback,
    hold,
    memory,
)
from kelpie.wasm.pages import PAGE_BYTES, make_accessible, reserve, unmap

__all__ = ["FiberStacks"]

# Stacks kept for reuse, each with the few pages that it touched.
_SPARE_STACKS_MAX = 256

_NEW = ctypes.CFUNCTYPE(SIZE, ADDRESS, SIZE, ctypes.c_bool, ADDRESS)
_GET = ctypes.CFUNCTYPE(SIZE, ADDRESS, ADDRESS)
_word = struct.Struct("<Q")
_new_stack = struct.Struct("<QQQ")
_set_creator = hold("wasmtime_config_host_stack_creator_set", None, ADDRESS, ADDRESS)


class FiberStacks:
    """Makes the stacks of one engine, all of one size. Must outlive every store of it."""

    def __init__(self, stack_bytes: int) -> None:
        self._stack_bytes = -(-stack_bytes // PAGE_BYTES) * PAGE_BYTES
        self._spare: list[int] = []
        self._live: set[int] = set()
        self._closed = False
        self._callbacks = (_NEW(self._on_new), _GET(self._on_get), FINALIZER(self._on_delete))
        new, *self._of_stack = (address_of_callback(each) for each in self._callbacks)
        self._creator = struct.pack("<QQQ", 0, new, 0)

    @property
    def live(self) -> int:
        """How many stacks are in use."""
        return len(self._live)

    def install(self, config_address: int) -> None:
        """Makes the engine of this configuration take its stacks from here."""
        creator = ctypes.create_string_buffer(self._creator)
        _set_creator(config_address, ctypes.addressof(creator))

    def close(self) -> None:
        """Gives the spare stacks back, and from now on each as it comes free."""
        self._closed = True
        while self._spare:
            unmap(self._spare.pop(), PAGE_BYTES + self._stack_bytes)

    def _on_new(self, _environment: int | None, size: int, _zeroed: bool, made: int) -> int:
        try:
            assert size <= self._stack_bytes, "the engine wants larger stacks than it was told"
            address = self._spare.pop() if self._spare else self._make()
        except BaseException as error:  # noqa: BLE001 - it must not leave through the engine
            return error_address(str(error))
        self._live.add(address)
        _new_stack.pack_into(memory, made, address, *self._of_stack)
        return 0

    def _on_get(self, address: int, size: int) -> int:
        """The top of the stack, from which it grows down."""
        _word.pack_into(memory, size, self._stack_bytes)
        return address + PAGE_BYTES + self._stack_bytes

    def _on_delete(self, address: int) -> None:
        self._live.discard(address)
        if self._closed or len(self._spare) >= _SPARE_STACKS_MAX:
            unmap(address, PAGE_BYTES + self._stack_bytes)
        else:
            self._spare.append(address)

    def _make(self) -> int:
        """The address of a guard page, with a stack above it."""
        address = reserve(PAGE_BYTES + self._stack_bytes)
        make_accessible(address, PAGE_BYTES, PAGE_BYTES + self._stack_bytes)
        return address
