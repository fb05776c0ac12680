"""The C library inside the `wasmtime` wheel, through prototypes of our own.

The wheel's generated prototypes convert typed pointers on every call; these
take plain addresses and cost a fraction. Nothing checks them but this file:
at import it compares the library's version, symbols, structure sizes and kinds
with what `values.py` reads and writes, and refuses to go on if one differs.

`hold` calls a function with the interpreter lock held: right for helpers of a
microsecond. `release` lets other threads run meanwhile.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from enum import IntEnum
from importlib.metadata import version
from typing import Any

from wasmtime import _ffi

__all__ = [
    "ADDRESS",
    "ASYNC_HOST_FUNCTION",
    "BYTES",
    "CONTINUATION",
    "FINALIZER",
    "FUNCTION_BYTES",
    "HOST_FUNCTION",
    "INSTANCE_BYTES",
    "Kind",
    "RECORD_FIELD_BYTES",
    "RESOURCE_DESTRUCTOR",
    "SIZE",
    "VALUE_BYTES",
    "WASMTIME_VERSION",
    "address_of_callback",
    "hold",
    "memory",
    "release",
    "take_bytes",
]

WASMTIME_VERSION = version("wasmtime")
_ACCEPTED = ((50, 0, 1), (51, 0, 0))

ADDRESS = ctypes.c_void_p
BYTES = ctypes.c_char_p
SIZE = ctypes.c_size_t


class Kind(IntEnum):
    """The kinds of values that the contract has, as the library numbers them."""

    BOOL = 0
    U8 = 2
    U32 = 6
    U64 = 8
    STRING = 12
    LIST = 13
    RECORD = 14
    TUPLE = 15
    VARIANT = 16
    ENUM = 17
    OPTION = 18
    RESULT = 19
    RESOURCE = 21


VALUE_BYTES = 32
RECORD_FIELD_BYTES = 48
INSTANCE_BYTES = 16
FUNCTION_BYTES = 32

HOST_FUNCTION = ctypes.CFUNCTYPE(
    ADDRESS,  # an error, or null
    ADDRESS,  # environment
    ADDRESS,  # context
    ADDRESS,  # type
    ADDRESS,  # arguments
    SIZE,
    ADDRESS,  # results
    SIZE,
)
ASYNC_HOST_FUNCTION = ctypes.CFUNCTYPE(
    None, ADDRESS, ADDRESS, ADDRESS, ADDRESS, SIZE, ADDRESS, SIZE, ADDRESS, ADDRESS
)
CONTINUATION = ctypes.CFUNCTYPE(ctypes.c_bool, ADDRESS)
FINALIZER = ctypes.CFUNCTYPE(None, ADDRESS)
RESOURCE_DESTRUCTOR = ctypes.CFUNCTYPE(ADDRESS, ADDRESS, ADDRESS, ctypes.c_uint32)

# The process's memory as one buffer, up to the largest address that a processor
# of today gives a process. Reading a structure through it is four
# times faster than copying it out through a foreign call first.
memory: Any = (ctypes.c_char * (1 << 52)).from_address(0)

_holding = ctypes.PyDLL(_ffi.dll._name)
_releasing = ctypes.CDLL(_ffi.dll._name)


def hold(name: str, result: type[Any] | None, *arguments: type[Any]) -> Callable[..., Any]:
    """A function of the library that runs with the interpreter lock held."""
    return _prototype(_holding, name, result, arguments)


def release(name: str, result: type[Any] | None, *arguments: type[Any]) -> Callable[..., Any]:
    """A function of the library during which other threads run."""
    return _prototype(_releasing, name, result, arguments)


def _prototype(
    library: ctypes.CDLL, name: str, result: type[Any] | None, arguments: tuple[type[Any], ...]
) -> Callable[..., Any]:
    try:
        # Subscription, unlike attribute access, makes a new object each time:
        # two prototypes of one function never share their types.
        function = library[name]
    except AttributeError:
        raise ImportError(
            f"wasmtime {WASMTIME_VERSION} has no {name}: kelpie needs {_range()}"
        ) from None
    function.restype = result
    function.argtypes = list(arguments)
    return function


def address_of_callback(callback: Any) -> int:
    """The address of a callback, for structures that hold one."""
    address = ctypes.cast(callback, ADDRESS).value
    assert address is not None
    return address


_vector = struct.Struct("<QQ")
_delete_vector = hold("wasm_byte_vec_delete", None, ADDRESS)


def take_bytes(address: int) -> bytes:
    """The content of a byte vector that the library gave us; deletes it."""
    size, data = _vector.unpack_from(memory, address)
    content: bytes = memory[data : data + size]
    _delete_vector(address)
    return content


def _range() -> str:
    lowest, beyond = (".".join(map(str, each)) for each in _ACCEPTED)
    return f"wasmtime >={lowest},<{beyond}"


def _check_version() -> None:
    found = tuple(int(part) for part in WASMTIME_VERSION.split(".")[:3] if part.isdigit())
    lowest, beyond = _ACCEPTED
    if not lowest <= found < beyond:
        raise ImportError(f"kelpie needs {_range()}, and found {WASMTIME_VERSION}")


def _check_structures() -> None:
    expected = {
        "wasm_byte_vec_t": (16, {"size": 0, "data": 8}),
        "wasmtime_component_val": (VALUE_BYTES, {"kind": 0, "of": 8}),
        "wasmtime_component_valunion": (24, {"string": 0, "variant": 0, "option": 0, "u64": 0}),
        "wasmtime_component_vallist": (16, {"size": 0, "data": 8}),
        "wasmtime_component_valrecord": (16, {"size": 0, "data": 8}),
        "wasmtime_component_valrecord_entry": (RECORD_FIELD_BYTES, {"name": 0, "val": 16}),
        "wasmtime_component_valvariant": (24, {"discriminant": 0, "val": 16}),
        "wasmtime_component_valresult": (16, {"is_ok": 0, "val": 8}),
        "wasmtime_component_instance": (INSTANCE_BYTES, {}),
        "wasmtime_component_func": (FUNCTION_BYTES, {}),
        "wasmtime_async_continuation_t": (24, {"callback": 0, "env": 8, "finalizer": 16}),
        "wasmtime_linear_memory": (
            32,
            {"env": 0, "get_memory": 8, "grow_memory": 16, "finalizer": 24},
        ),
        "wasmtime_memory_creator": (24, {"env": 0, "new_memory": 8, "finalizer": 16}),
    }
    for name, (size, offsets) in expected.items():
        structure = getattr(_ffi, name)
        found = {field: getattr(structure, field).offset for field in offsets}
        if ctypes.sizeof(structure) != size or found != offsets:
            raise ImportError(
                f"{name} of wasmtime {WASMTIME_VERSION} is laid out as "
                f"{ctypes.sizeof(structure)} bytes {found}, not {size} bytes {offsets}"
            )


def _check_kinds() -> None:
    for kind in Kind:
        found = getattr(_ffi, f"WASMTIME_COMPONENT_{kind.name}").value
        if found != kind:
            raise ImportError(
                f"wasmtime {WASMTIME_VERSION} numbers {kind.name} values {found}, not {kind}"
            )


_check_version()
_check_structures()
_check_kinds()
