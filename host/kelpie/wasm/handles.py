"""Owners of the C library's objects: each is deleted exactly once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import ClassVar

from kelpie.errors import HostFault
from kelpie.wasm.library import ADDRESS, hold
from kelpie.wasm.memory_images import MemoryImage

__all__ = [
    "CompiledComponent",
    "ExportIndex",
    "NativeConfig",
    "NativeEngine",
    "NativeHandle",
    "NativeLinker",
    "NativeStore",
]


class NativeHandle:
    """Owns one object of the C library.

    `close` deletes it, as does dropping the last reference; using it afterwards
    raises HostFault.
    """

    __slots__ = ("_address", "_keeps")

    noun: ClassVar[str]
    _delete: ClassVar[Callable[[int], object]]

    def __init__(self, address: int | None, keeps: object = None) -> None:
        """`keeps` is whatever the deletion needs: it lives as long as this does."""
        if address is None:
            raise HostFault(f"the engine made no {self.noun}")
        self._address: int | None = address
        self._keeps = keeps

    @property
    def address(self) -> int:
        """Where the object is.

        Raises:
            HostFault: it was closed.
        """
        if self._address is None:
            raise HostFault(f"this {self.noun} is already closed")
        return self._address

    @property
    def closed(self) -> bool:
        return self._address is None

    def close(self) -> None:
        """Deletes the object. Idempotent."""
        address, self._address = self._address, None
        if address is not None:
            type(self)._delete(address)

    def give_away(self) -> int:
        """The address, to a function of the library that takes the object over."""
        address = self.address
        self._address = None
        return address

    def __del__(self) -> None:
        # At interpreter exit the callbacks that a deletion may run are gone.
        if not sys.is_finalizing() and getattr(self, "_address", None) is not None:
            self.close()


class NativeConfig(NativeHandle):
    __slots__ = ()
    noun = "engine configuration"
    _delete = hold("wasm_config_delete", None, ADDRESS)


class NativeEngine(NativeHandle):
    __slots__ = ()
    noun = "engine"
    _delete = hold("wasm_engine_delete", None, ADDRESS)


class NativeStore(NativeHandle):
    """The world of one instance. Its deletion may run memory finalizers."""

    __slots__ = ()
    noun = "guest"
    _delete = hold("wasmtime_store_delete", None, ADDRESS)


class CompiledComponent(NativeHandle):
    __slots__ = ("image",)
    noun = "component"
    _delete = hold("wasmtime_component_delete", None, ADDRESS)

    def __init__(self, address: int | None, image: MemoryImage | None) -> None:
        super().__init__(address)
        self.image = image
        """What the memory of its instances begins with, beside what the code puts there."""


class ExportIndex(NativeHandle):
    __slots__ = ()
    noun = "export index"
    _delete = hold("wasmtime_component_export_index_delete", None, ADDRESS)


class NativeLinker(NativeHandle):
    __slots__ = ()
    noun = "linker"
    _delete = hold("wasmtime_component_linker_delete", None, ADDRESS)
