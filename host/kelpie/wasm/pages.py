"""Pages of address space, from the system."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kelpie.errors import HostFault
from kelpie.wasm.library import ADDRESS, SIZE

__all__ = [
    "PAGE_BYTES",
    "drop_pages",
    "make_accessible",
    "make_inaccessible",
    "map_copy",
    "own_pages",
    "populate",
    "reserve",
    "reserve_again",
    "resident_bytes",
    "unmap",
]

PAGE_BYTES = mmap.PAGESIZE

_PROT_NONE = 0
_READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE
_RESERVED = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
_FIXED = 0x10
# Of Linux 5.14 and later; Python has no name for it.
_POPULATE_WRITE = 23
_MAP_FAILED = (1 << 64) - 1
# What the system says of a page, in 64 bits: it is in memory, or swapped out; it is
# still that of the file.
_PAGE_WORD = struct.Struct("<Q")
_PRESENT, _OF_FILE = 0b11 << 62, 1 << 61

_system = ctypes.PyDLL(None, use_errno=True)


def _system_call(name: str, result: type[Any], *arguments: type[Any]) -> Any:
    function = getattr(_system, name)
    function.restype, function.argtypes = result, list(arguments)
    return function


_map = _system_call(
    "mmap", ADDRESS, ADDRESS, SIZE, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long
)
_unmap = _system_call("munmap", ctypes.c_int, ADDRESS, SIZE)
_protect = _system_call("mprotect", ctypes.c_int, ADDRESS, SIZE, ctypes.c_int)
_in_core = _system_call("mincore", ctypes.c_int, ADDRESS, SIZE, ADDRESS)
_advise = _system_call("madvise", ctypes.c_int, ADDRESS, SIZE, ctypes.c_int)


def reserve(size: int) -> int:
    """The address of fresh address space in which nothing is accessible yet.

    Raises:
        HostFault: the system gives no more.
    """
    address = _map(None, size, _PROT_NONE, _RESERVED, -1, 0)
    if address is None or address == _MAP_FAILED:
        raise HostFault(
            f"the system has no address space for another guest (errno {ctypes.get_errno()}): "
            "raise vm.max_map_count or lower instances_max"
        )
    # Huge pages would make a small guest large. Not every system has any.
    _advise(address, size, mmap.MADV_NOHUGEPAGE)
    return int(address)


def unmap(address: int, size: int) -> None:
    if _unmap(address, size):
        raise HostFault(f"the system took no address space back: errno {ctypes.get_errno()}")


def make_accessible(address: int, begin: int, end: int) -> None:
    """Makes a part of reserved address space readable and writable: zeros at first.

    Raises:
        HostFault: the system has no memory, or no mapping, to give.
    """
    if end > begin and _protect(address + begin, end - begin, _READ_WRITE):
        raise HostFault(f"the system has no memory for a guest: errno {ctypes.get_errno()}")


def make_inaccessible(address: int, begin: int, end: int) -> None:
    """
    Raises:
        HostFault: the system has no mapping to give.
    """
    if end > begin and _protect(address + begin, end - begin, _PROT_NONE):
        raise HostFault(f"the system could not protect memory: errno {ctypes.get_errno()}")


def drop_pages(address: int, size: int) -> bool:
    """Gives pages back, so that zeros are in their place. False: they are as they were."""
    return size == 0 or _advise(address, size, mmap.MADV_DONTNEED) == 0


def map_copy(address: int, size: int, descriptor: int) -> None:
    """Puts the file in the place of accessible pages. It stays as it is: a page that is
    written to becomes a copy.

    Raises:
        HostFault: the system has no mapping to give.
    """
    mapped = _map(address, size, _READ_WRITE, mmap.MAP_PRIVATE | _FIXED, descriptor, 0)
    if mapped != address:
        raise HostFault(f"the system could not map an image: errno {ctypes.get_errno()}")
    _advise(address, size, mmap.MADV_NOHUGEPAGE)


def reserve_again(address: int, size: int) -> bool:
    """Gives back whatever is there, and makes it as `reserve` had made it. False: it is
    as it was."""
    if _map(address, size, _PROT_NONE, _RESERVED | _FIXED, -1, 0) != address:
        return False
    _advise(address, size, mmap.MADV_NOHUGEPAGE)
    return True


def populate(address: int, size: int) -> None:
    """Has pages there that are about to be written to, for much less than a fault costs
    for each. It spares time and nothing else: where the system cannot, faults do it."""
    _advise(address, size, _POPULATE_WRITE)


def own_pages(address: int, size: int) -> Sequence[int]:
    """Of pages that `map_copy` made, which are copies by now, by their numbers. Where the
    system does not tell, all of them."""
    count = size // PAGE_BYTES
    try:
        with Path("/proc/self/pagemap").open("rb", buffering=0) as pagemap:
            words = os.pread(
                pagemap.fileno(), count * _PAGE_WORD.size, address // PAGE_BYTES * _PAGE_WORD.size
            )
    except OSError:
        return range(count)
    return [
        number
        for number, (word,) in enumerate(_PAGE_WORD.iter_unpack(words))
        if word & _PRESENT and not word & _OF_FILE
    ]


def resident_bytes(address: int, size: int) -> int:
    """How much of it takes memory of the machine.

    Raises:
        HostFault: the address space is not ours.
    """
    count = (size + PAGE_BYTES - 1) // PAGE_BYTES
    pages = ctypes.create_string_buffer(count)
    if _in_core(address, size, ctypes.addressof(pages)):
        raise HostFault(f"the system could not say what is in use: errno {ctypes.get_errno()}")
    # Of each page's byte only the lowest bit has a meaning.
    in_use = int.from_bytes(pages.raw) & int.from_bytes(b"\x01" * count)
    return PAGE_BYTES * in_use.bit_count()
