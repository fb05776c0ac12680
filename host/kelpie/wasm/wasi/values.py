"""Values of WASI, in the C library's form: those of the contract, and resources.

A resource of ours is a number, which says which one it is; the library keeps
count of who holds it.
"""

from __future__ import annotations

import ctypes
import struct
from enum import IntEnum

from kelpie.errors import HostFault
from kelpie.wasm.errors import take_message
from kelpie.wasm.library import ADDRESS, VALUE_BYTES, Kind, hold, memory
from kelpie.wasm.native_values import Composer, decode

__all__ = ["Resource", "Results", "read"]

_new_host = hold(
    "wasmtime_component_resource_host_new", ADDRESS, ctypes.c_bool, *[ctypes.c_uint32] * 2
)
_host_number = hold("wasmtime_component_resource_host_rep", ctypes.c_uint32, ADDRESS)
_delete_host = hold("wasmtime_component_resource_host_delete", None, ADDRESS)
_to_host = hold("wasmtime_component_resource_any_to_host", ADDRESS, ADDRESS, ADDRESS, ADDRESS)
_to_any = hold("wasmtime_component_resource_host_to_any", ADDRESS, ADDRESS, ADDRESS, ADDRESS)
_delete_any = hold("wasmtime_component_resource_any_delete", None, ADDRESS)

_value = struct.Struct("<QQQQ")
_kind = struct.Struct("<B")
_content = struct.Struct("<8xQQ")


class Resource(IntEnum):
    """The types of resources, as the library tells them apart."""

    ERROR = 1
    POLLABLE = 2
    INPUT_STREAM = 3
    OUTPUT_STREAM = 4
    TERMINAL_INPUT = 5
    TERMINAL_OUTPUT = 6
    DESCRIPTOR = 7
    DIRECTORY_ENTRY_STREAM = 8
    NETWORK = 9
    TCP_SOCKET = 10
    UDP_SOCKET = 11
    INCOMING_DATAGRAM_STREAM = 12
    OUTGOING_DATAGRAM_STREAM = 13
    RESOLVE_ADDRESS_STREAM = 14


def read(address: int, context: int) -> object:
    """The value at `address`: a resource is its number, all else as `decode` gives it."""
    (kind,) = _kind.unpack_from(memory, address)
    size, data = _content.unpack_from(memory, address)
    if kind == Kind.RESOURCE:
        return _number(size, context)
    if kind == Kind.LIST and size and memory[data] == bytes((Kind.RESOURCE,)):
        return tuple(read(data + VALUE_BYTES * index, context) for index in range(size))
    return decode(address)


def _number(resource: int, context: int) -> int:
    """What a handle stands for. A borrowed one is given back by this."""
    found = ctypes.c_void_p()
    _must(_to_host(context, resource, ctypes.addressof(found)))
    number: int = _host_number(found.value)
    _delete_host(found.value)
    return number


class Results(Composer):
    """Builds the result of one call, in which resources may be."""

    __slots__ = ("_context", "_handles")

    def __init__(self, context: int) -> None:
        super().__init__()
        self._context = context
        self._handles: list[int] = []

    def own(self, resource: Resource, number: int) -> bytes:
        """A new handle, which is the guest's."""
        host = _new_host(True, number, resource)
        handle = ctypes.c_void_p()
        error = _to_any(self._context, host, ctypes.addressof(handle))
        _delete_host(host)
        _must(error)
        assert handle.value is not None
        self._handles.append(handle.value)
        return _value.pack(Kind.RESOURCE, handle.value, 0, 0)

    def write(self, value: bytes, target: int) -> None:
        super().write(value, target)
        # The library has a copy of its own now.
        for handle in self._handles:
            _delete_any(handle)
        self._handles.clear()

    def show(self, value: bytes) -> object:
        """A value as the journal keeps it."""
        if value[0] == Kind.RESOURCE:
            return "a handle"
        return decode(self._place(value))

    def tuple(self, values: list[bytes]) -> bytes:
        return _value.pack(Kind.TUPLE, len(values), self._place(b"".join(values)), 0)

    def enum(self, case: bytes) -> bytes:
        return _value.pack(Kind.ENUM, len(case), self._place(case), 0)

    def fine(self, value: bytes | None = None) -> bytes:
        return self.result(ok=True, value=value)


def _must(error: int | None) -> None:
    if error:
        raise HostFault(f"a resource cannot be passed: {take_message(error)}")
