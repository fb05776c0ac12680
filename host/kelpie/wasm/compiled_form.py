"""What the compiler makes of a component, in one piece: code, and what its memories
begin with."""

from __future__ import annotations

import struct

from kelpie.wasm.image_taking import Taken
from kelpie.wasm.memory_images import MemoryImage

__all__ = ["FORM_VERSION", "code_bytes", "image_of", "pack"]

FORM_VERSION = 1
"""Goes up with each change of the form, or of what is taken out of a component."""

# How long the code is, the size of the memory that begins with the image, and where in
# it that begins. It comes last, so that the code lies where the engine can take it.
_TRAILER = struct.Struct("<QQQ")


def pack(code: bytes, taken: Taken) -> bytes:
    return code + taken.content + _TRAILER.pack(len(code), taken.memory_bytes, taken.begin)


def code_bytes(form: bytes) -> int:
    """How many bytes at the beginning of it are code."""
    return int(_trailer(form)[0])


def image_of(form: bytes) -> MemoryImage | None:
    """
    Raises:
        HostFault: the system has no room for it.
    """
    code, memory_bytes, begin = _trailer(form)
    content = memoryview(form)[code : -_TRAILER.size]
    return MemoryImage(memory_bytes, begin, content) if content else None


def _trailer(form: bytes) -> tuple[int, int, int]:
    code, memory_bytes, begin = _TRAILER.unpack_from(form, len(form) - _TRAILER.size)
    return code, memory_bytes, begin
