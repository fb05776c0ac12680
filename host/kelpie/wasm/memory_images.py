"""What memories begin with: kept once for each component, and copied page by page by
whoever writes to it. `image_taking.py` takes it out of components."""

from __future__ import annotations

import os

from kelpie.errors import HostFault
from kelpie.wasm.pages import map_copy, own_bytes

__all__ = ["MemoryImage"]


class MemoryImage:
    """The image of one component, in a file without a name. The memories that began
    with it need it no longer: it goes with its last reference."""

    __slots__ = ("_bytes", "_descriptor", "begin", "memory_bytes")

    def __init__(self, memory_bytes: int, begin: int, content: memoryview) -> None:
        """`content` lies at `begin` in a memory that has `memory_bytes` at first. All
        are in whole pages.

        Raises:
            HostFault: the system has no room for it.
        """
        self.memory_bytes = memory_bytes
        self.begin = begin
        self._bytes = len(content)
        self._descriptor = -1
        try:
            self._descriptor = os.memfd_create("kelpie-image")
            with open(self._descriptor, "wb", closefd=False) as file:
                file.write(content)
        except OSError as error:
            raise HostFault(
                f"the system has no room for what guests begin with: {error}"
            ) from error

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    @property
    def end(self) -> int:
        return self.begin + self._bytes

    def fill(self, address: int) -> None:
        """Lets the memory at this address begin with it. It is accessible, and zeros.

        Raises:
            HostFault: the system has no mapping to give.
        """
        map_copy(address + self.begin, self._bytes, self._descriptor)

    def own_bytes(self, address: int) -> int:
        """How much of it the memory at this address has a copy of."""
        return own_bytes(address + self.begin, self._bytes)
