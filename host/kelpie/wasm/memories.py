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

from kelpie.errors import HostFault
from kelpie.limits import Limits
from kelpie.wasm.configuration import MEMORY_GUARD_BYTES, MEMORY_RESERVATION_BYTES
from kelpie.wasm.errors import error_address
from kelpie.wasm.library import ADDRESS, FINALIZER, SIZE, address_of_callback, hold, memory
from kelpie.wasm.memory_images import MemoryImage
from kelpie.wasm.pages import (
    drop_pages,
    make_accessible,
    make_inaccessible,
    reserve,
    reserve_again,
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
        "image",
        "refused_bytes",
        "resident_bytes",
    )

    def __init__(self, limits: Limits) -> None:
        self.bytes = 0
        self.bytes_max = limits.instance_memory_bytes_max
        self.image: MemoryImage | None = None
        """What a memory of a certain size begins with, when it is made."""
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
            self._first_turn_ended()
        return self.bytes > self._outgrown_bytes

    def _first_turn_ended(self) -> None:
        room = self.bytes_max - self.bytes
        self._outgrown_bytes = self.bytes + room * self._growth_percent_max // 100
        for each in self._memories:
            if each.image is not None:
                each.image.first_turn_ended(each.address)

    def image_of(self, size: int) -> MemoryImage | None:
        """What a memory begins with that is made of this size."""
        image = self.image
        return image if image is not None and image.memory_bytes == size else None

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
            self.resident_bytes = sum(each.resident_bytes() for each in self._memories)
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

    __slots__ = ("account", "address", "bytes", "image")

    def __init__(
        self, address: int, size: int, account: MemoryAccount, image: MemoryImage | None
    ) -> None:
        self.address = address
        self.bytes = size
        self.account = account
        self.image = image

    def wipe(self) -> int | None:
        """Leaves zeros for whoever gets the slot next; how much of it is accessible then.
        None: it could not be cleaned, and must never be used again."""
        if self.image is None:
            return self.bytes if drop_pages(self.address, self.bytes) else None
        return 0 if reserve_again(self.address, self.bytes) else None

    def resident_bytes(self) -> int:
        """What it takes of the machine's memory, without what others share."""
        if self.image is None:
            return resident_bytes(self.address, self.bytes)
        begin, end = self.image.begin, self.image.end
        return (
            resident_bytes(self.address, begin)
            + self.image.own_bytes(self.address)
            + resident_bytes(self.address + end, self.bytes - end)
        )


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
            image = self.account.image_of(minimum)
            address = self._take_slot(minimum, image)
        except BaseException as error:  # noqa: BLE001 - it must not leave through the engine
            return error_address(str(error))
        # A slot's address names its memory: it is never 0.
        made_memory = _LinearMemory(address, minimum, self.account, image)
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
        accessible = None
        if not self._closed and len(self._spare) < _SPARE_SLOTS_MAX:
            accessible = gone.wipe()
        if accessible is None:
            unmap(address, _SLOT_BYTES)
        else:
            self._spare.append((address, accessible))

    def _take_slot(self, size: int, image: MemoryImage | None) -> int:
        """The address of a slot of which just `size` bytes are accessible."""
        address, accessible = self._spare.pop() if self._spare else (reserve(_SLOT_BYTES), 0)
        make_accessible(address, accessible, size)
        make_inaccessible(address, size, accessible)
        if image is not None:
            try:
                image.fill(address)
            except HostFault:
                unmap(address, _SLOT_BYTES)
                raise
        return address
