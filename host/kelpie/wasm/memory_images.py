"""What memories begin with: kept once for each component, and copied page by page by
whoever writes to it. `image_taking.py` takes it out of components."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from kelpie.errors import HostFault
from kelpie.limits import MIB
from kelpie.wasm.pages import PAGE_BYTES, map_copy, own_pages, populate

__all__ = ["MemoryImage"]

# Of pages that were written to in the first turn: who writes more works on what it was
# given, and the next one may be given something else.
_WARM_BYTES_MAX = MIB


class MemoryImage:
    """The image of one component, in a file without a name. The memories that began
    with it need it no longer: it goes with its last reference."""

    __slots__ = ("_bytes", "_descriptor", "_warm", "begin", "memory_bytes")

    def __init__(self, memory_bytes: int, begin: int, content: memoryview) -> None:
        """`content` lies at `begin` in a memory that has `memory_bytes` at first. All
        are in whole pages.

        Raises:
            HostFault: the system has no room for it.
        """
        self.memory_bytes = memory_bytes
        self.begin = begin
        self._bytes = len(content)
        self._warm: list[tuple[int, int]] | None = None
        """Where a memory is written to in its first turn, and how much there; None until
        that was seen once."""
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
        for begin, size in self._warm or ():
            populate(address + begin, size)

    def first_turn_ended(self, address: int) -> None:
        """Looks, the first time, at what the memory at this address has a copy of: those
        that are made later begin with such copies."""
        if self._warm is None:
            pages = own_pages(address + self.begin, self._bytes)
            few = len(pages) * PAGE_BYTES <= _WARM_BYTES_MAX
            self._warm = [
                (self.begin + first * PAGE_BYTES, count * PAGE_BYTES)
                for first, count in _runs(pages if few else ())
            ]

    def own_bytes(self, address: int) -> int:
        """How much of it the memory at this address has a copy of."""
        return PAGE_BYTES * len(own_pages(address + self.begin, self._bytes))


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Of numbers that grow, the first of each run without a gap, and how many it has."""
    begin = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[end - 1] + 1:
            yield numbers[begin], end - begin
            begin = end
