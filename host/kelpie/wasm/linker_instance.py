"""One interface in a linker, while it is filled."""

from __future__ import annotations

import ctypes
from typing import Any

from kelpie.errors import HostFault
from kelpie.wasm.errors import take_message
from kelpie.wasm.library import ADDRESS, BYTES, SIZE, address_of_callback, hold

__all__ = ["LinkerInstance"]

_root = hold("wasmtime_component_linker_root", ADDRESS, ADDRESS)
_add_instance = hold(
    "wasmtime_component_linker_instance_add_instance", ADDRESS, ADDRESS, BYTES, SIZE, ADDRESS
)
_delete_instance = hold("wasmtime_component_linker_instance_delete", None, ADDRESS)
_add_function = hold(
    "wasmtime_component_linker_instance_add_func",
    ADDRESS, ADDRESS, BYTES, SIZE, ADDRESS, ADDRESS, ADDRESS,
)  # fmt: skip
_add_async_function = hold(
    "wasmtime_component_linker_instance_add_func_async",
    ADDRESS, ADDRESS, BYTES, SIZE, ADDRESS, ADDRESS, ADDRESS,
)  # fmt: skip
_new_resource = hold("wasmtime_component_resource_type_new_host", ADDRESS, ctypes.c_uint32)
_delete_resource = hold("wasmtime_component_resource_type_delete", None, ADDRESS)
_add_resource = hold(
    "wasmtime_component_linker_instance_add_resource",
    ADDRESS, ADDRESS, BYTES, SIZE, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
)  # fmt: skip


class LinkerInstance:
    """What is added must live as long as the linker. `close` it before the next."""

    __slots__ = ("_address", "_root")

    def __init__(self, linker: int, name: str) -> None:
        self._root: int = _root(linker)
        made = ctypes.c_void_p()
        encoded = name.encode()
        _must(_add_instance(self._root, encoded, len(encoded), ctypes.addressof(made)))
        self._address = made.value

    def add(self, name: str, callback: Any) -> None:
        """A function that is answered at once (`HOST_FUNCTION`)."""
        self._add(_add_function, name, address_of_callback(callback))

    def add_async(self, name: str, callback: Any) -> None:
        """A function that may have to wait (`ASYNC_HOST_FUNCTION`)."""
        self._add(_add_async_function, name, address_of_callback(callback))

    def add_resource(self, name: str, number: int, destructor: Any) -> None:
        """A type of resources, as the host numbers it (`RESOURCE_DESTRUCTOR`)."""
        made = _new_resource(number)
        try:
            encoded = name.encode()
            dropped = address_of_callback(destructor)
            _must(_add_resource(self._address, encoded, len(encoded), made, dropped, None, None))
        finally:
            _delete_resource(made)

    def close(self) -> None:
        _delete_instance(self._address)
        _delete_instance(self._root)

    def _add(self, add: Any, name: str, callback: int) -> None:
        encoded = name.encode()
        _must(add(self._address, encoded, len(encoded), callback, None, None))


def _must(error: int | None) -> None:
    if error:
        raise HostFault(f"the host's own imports do not link: {take_message(error)}")
