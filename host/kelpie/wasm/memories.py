"""The linear memories of guests: cut from address space of our own.

The engine asks this file for each memory and for each growth. That is how the
host knows what an instance holds, refuses what would go over its limit, and
knows afterwards that it refused (the engine alone would not tell). It also
keeps a memory at two mappings, so that the system's limit on mappings leaves
room for many thousand instances.

Each memory lies in a slot of reserved, inaccessible address space of which
just its present size is accessible: bounds are checked by the hardware.
"""

from __future__ import annotations

import ctypes
import struct

from kelpie.limits import Limits
from kelpie.wasm.configuration import MEMORY_GUARD_BYTES, MEMORY_RESERVATION_BYTES
from kelpie.wasm.errors import error_address
from kelpie.wasm.library import ADDRESS, FINALIZER, SIZE, address_of_callback, hold, memory
from kelpie.wasm.pages import (
    drop_pages,
    make_accessible,
    make_inaccessible,
    reserve,
    resident_bytes,
    unmap,
)

__all__ = ["LinearMemories", "MemoryAccount"]

_SLOT_BYTES = MEMORY_RESERVATION_BYTES + MEMORY_GUARD_BYTES
# A guest that holds no more than before only touches more of it, bit by bit.
_CALLS_BETWEEN_MEASUREMENTS = 1000
# Slots kept for reuse. Beyond it their address space goes back.
_SPARE_SLOTS_MAX = 1024

_NEW = ctypes.CFUNCTYPE(SIZE, ADDRESS, ADDRESS, SIZE, SIZE, SIZE, SIZE, ADDRESS)
_GET = ctypes.CFUNCTYPE(SIZE, ADDRESS, ADDRESS, ADDRESS)
_GROW = ctypes.CFUNCTYPE(SIZE, ADDRESS, SIZE)
_word = struct.Struct("<Q")
_new_memory = struct.Struct("<QQQQ")
_set_creator = hold("wasmtime_config_host_memory_creator_set", None, ADDRESS, ADDRESS)


class MemoryAccount:
    """What the memories of one instance hold, against their limit."""

    __slots__ = (
        "_calls_until_measured",
        "_growth_percent_max",
        "_measured_bytes",
        "_memories",
        "_outgrown_bytes",
        "bytes",
        "bytes_max",
        "refused_bytes",
        "resident_bytes",
    )

    def __init__(self, limits: Limits) -> None:
        self.bytes = 0
        self.bytes_max = limits.instance_memory_bytes_max
        self.refused_bytes = 0
        """What the instance would have had to hold, when growth was last refused."""
        self.resident_bytes = 0
        """What the memories take of the machine's, when last measured: most
        guests touch little of what they hold."""
        self._memories: list[_LinearMemory] = []
        self._measured_bytes = 0
        self._calls_until_measured = 0
        self._growth_percent_max = limits.instance_growth_percent_max
        self._outgrown_bytes = 0
        """Beyond so many the instance is outgrown; 0 until its first turn has ended."""

    def outgrown(self) -> bool:
        """Asked when a turn has ended: whether the memories have taken so much of the
        room that the first turn left that the instance should be made anew. What it
        begins with, or needs for its work at once, does not count as growth."""
        if not self._outgrown_bytes:
            room = self.bytes_max - self.bytes
            self._outgrown_bytes = self.bytes + room * self._growth_percent_max // 100
        return self.bytes > self._outgrown_bytes

    def charge(self, more: int) -> None:
        if self.bytes + more > self.bytes_max:
            self.refused_bytes = self.bytes + more
            raise MemoryError(
                f"{self.refused_bytes} bytes of memory are over the limit of {self.bytes_max}"
            )
        self.bytes += more

    def measure(self) -> None:
        """Brings `resident_bytes` up to date, if it may have changed by much."""
        self._calls_until_measured -= 1
        if self._calls_until_measured < 0 or self.bytes != self._measured_bytes:
            # It asks the system, which takes some microseconds.
            self.resident_bytes = sum(
                resident_bytes(each.address, each.bytes) for each in self._memories
            )
            self._measured_bytes = self.bytes
            self._calls_until_measured = _CALLS_BETWEEN_MEASUREMENTS

    def add(self, made: _LinearMemory) -> None:
        self._memories.append(made)

    def remove(self, gone: _LinearMemory) -> None:
        self._memories.remove(gone)
        self.bytes -= gone.bytes
        if not self._memories:
            self.resident_bytes = 0


class _LinearMemory:
    """One memory: its slot, the accessible part of it, and who pays."""

    __slots__ = ("account", "address", "bytes")

    def __init__(self, address: int, size: int, account: MemoryAccount) -> None:
        self.address = address
        self.bytes = size
        self.account = account


class LinearMemories:
    """Makes the memories of one engine. Must outlive every store of it."""

    def __init__(self) -> None:
        self.account: MemoryAccount | None = None
        """Who pays for memories made now: set while an instance is made."""
        self._live: dict[int, _LinearMemory] = {}
        # Their addresses, and how much of each is accessible.
        self._spare: list[tuple[int, int]] = []
        self._closed = False
        self._callbacks = (
            _NEW(self._on_new),
            _GET(self._on_get),
            _GROW(self._on_grow),
            FINALIZER(self._on_delete),
        )
        new, *self._of_memory = (address_of_callback(each) for each in self._callbacks)
        self._creator = struct.pack("<QQQ", 0, new, 0)

    @property
    def live(self) -> int:
        """How many memories exist."""
        return len(self._live)

    def install(self, config_address: int) -> None:
        """Makes the engine of this configuration take its memories from here."""
        creator = ctypes.create_string_buffer(self._creator)
        _set_creator(config_address, ctypes.addressof(creator))

    def close(self) -> None:
        """Gives the spare address space back, and from now on each slot as it comes free."""
        self._closed = True
        while self._spare:
            unmap(self._spare.pop()[0], _SLOT_BYTES)

    def _on_new(
        self,
        _environment: int | None,
        _type: int,
        minimum: int,
        _maximum: int,
        _reserved: int,
        _guard: int,
        made: int,
    ) -> int:
        try:
            assert self.account is not None, "a memory was made outside an instantiation"
            self.account.charge(minimum)
            address = self._take_slot(minimum)
        except BaseException as error:  # noqa: BLE001 - it must not leave through the engine
            return error_address(str(error))
        # A slot's address names its memory: it is never 0.
        made_memory = _LinearMemory(address, minimum, self.account)
        self._live[address] = made_memory
        self.account.add(made_memory)
        _new_memory.pack_into(memory, made, address, *self._of_memory)
        return 0

    def _on_get(self, address: int, size: int, capacity: int) -> int:
        _word.pack_into(memory, size, self._live[address].bytes)
        _word.pack_into(memory, capacity, MEMORY_RESERVATION_BYTES)
        return address

    def _on_grow(self, address: int, size: int) -> int:
        grown = self._live[address]
        try:
            grown.account.charge(size - grown.bytes)
            make_accessible(address, grown.bytes, size)
        except BaseException as error:  # noqa: BLE001 - it must not leave through the engine
            return error_address(str(error))
        grown.bytes = size
        return 0

    def _on_delete(self, address: int) -> None:
        gone = self._live.pop(address)
        gone.account.remove(gone)
        # Dropping its pages leaves zeros for whoever gets the slot next. A slot
        # that could not be cleaned is never used again.
        if (
            self._closed
            or len(self._spare) >= _SPARE_SLOTS_MAX
            or not drop_pages(address, gone.bytes)
        ):
            unmap(address, _SLOT_BYTES)
        else:
            self._spare.append((address, gone.bytes))

    def _take_slot(self, size: int) -> int:
        """The address of a slot of which just `size` bytes are accessible."""
        address, accessible = self._spare.pop() if self._spare else (reserve(_SLOT_BYTES), 0)
        make_accessible(address, accessible, size)
        make_inaccessible(address, size, accessible)
        return address
