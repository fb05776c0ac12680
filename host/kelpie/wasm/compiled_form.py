"""What the compiler makes of a component, in one piece: code, and what its memories
begin with."""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

from kelpie.wasm.image_taking import Taken
from kelpie.wasm.memory_images import MemoryImage

__all__ = ["FORM_VERSION", "Parts", "code_bytes", "image_of", "pack", "parts_of", "source_of"]

FORM_VERSION = 2
"""Goes up with each change of the form, or of what is taken out of a component."""

# How long the code is, the size of the memory that begins with the image, where in it
# that begins, and of what the code was compiled, if others may be compiled to the same. It
# comes last, so that the code lies where the engine can take it.
_TRAILER = struct.Struct("<QQQ32s")
_OF_ITSELF = bytes(32)


class Parts(NamedTuple):
    """A form in two."""

    source: str
    """The digest of what the code was compiled of."""
    code: bytes
    """Empty, where it is kept elsewhere."""
    rest: bytes
    """A form without code."""

    def whole(self) -> bytes:
        _, memory_bytes, begin, source = _trailer(self.rest)
        content = self.rest[: -_TRAILER.size]
        return self.code + content + _TRAILER.pack(len(self.code), memory_bytes, begin, source)


def source_of(taken: Taken) -> str | None:
    """The digest of what is compiled, if that may be the same in other components."""
    return hashlib.sha256(taken.component).hexdigest() if taken.content else None


def pack(code: bytes, taken: Taken) -> bytes:
    source = source_of(taken)
    digest = bytes.fromhex(source) if source is not None else _OF_ITSELF
    trailer = _TRAILER.pack(len(code), taken.memory_bytes, taken.begin, digest)
    return code + taken.content + trailer


def parts_of(form: bytes) -> Parts | None:
    """The form in two; None if its code can be nobody else's."""
    length, memory_bytes, begin, source = _trailer(form)
    if source == _OF_ITSELF:
        return None
    rest = form[length : -_TRAILER.size] + _TRAILER.pack(0, memory_bytes, begin, source)
    return Parts(source.hex(), form[:length], rest)


def code_bytes(form: bytes) -> int:
    """How many bytes at the beginning of it are code."""
    return _trailer(form)[0]


def image_of(form: bytes) -> MemoryImage | None:
    """
    Raises:
        HostFault: the system has no room for it.
    """
    code, memory_bytes, begin, _ = _trailer(form)
    content = memoryview(form)[code : -_TRAILER.size]
    return MemoryImage(memory_bytes, begin, content) if content else None


def _trailer(form: bytes) -> tuple[int, int, int, bytes]:
    before = len(form) - _TRAILER.size
    if before >= 0:
        code, memory_bytes, begin, source = _TRAILER.unpack_from(form, before)
        if code <= before:
            return code, memory_bytes, begin, source
    # It is no form. As code, the engine refuses it.
    return len(form), 0, 0, _OF_ITSELF
