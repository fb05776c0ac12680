"""Custom sections: what a WebAssembly file carries besides its code.

Components and core modules are built alike here: a header, then sections, each
with a number and a length. Number 0 is a custom section, whose content begins
with its name. https://webassembly.github.io/spec/core/binary/modules.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kelpie.errors import ComponentInvalid

__all__ = ["Section", "custom_section", "number_at", "sections", "with_custom_section"]

_MAGIC = b"\0asm"
_HEADER_BYTES = 8
_CUSTOM = 0
_LENGTH_BYTES_MAX = 5


class Section(NamedTuple):
    """One section at the top level of a file."""

    number: int
    begin: int
    """Where its content begins."""
    end: int


def custom_section(wasm: bytes, name: str) -> bytes | None:
    """The content of the custom section `name` at the top level of a file; of several
    the last; None if there is none, or the file is no WebAssembly.

    Raises:
        ComponentInvalid: a section ends behind the file.
    """
    found = None
    if not wasm.startswith(_MAGIC):
        return None
    for number, begin, end in sections(wasm):
        if number == _CUSTOM:
            length, at = number_at(wasm, begin, end)
            if at + length <= end and wasm[at : at + length] == name.encode():
                found = wasm[at + length : end]
    return found


def with_custom_section(wasm: bytes, name: str, content: bytes) -> bytes:
    """The file with this section behind all others.

    Raises:
        ComponentInvalid: it has one of this name already, or is damaged.
    """
    if custom_section(wasm, name) is not None:
        raise ComponentInvalid(f"the file has a section {name} already")
    encoded = name.encode()
    body = _encoded(len(encoded)) + encoded + content
    return wasm + bytes([_CUSTOM]) + _encoded(len(body)) + body


def sections(wasm: bytes) -> Iterator[Section]:
    """All sections at the top level of a file.

    Raises:
        ComponentInvalid: one ends behind the file.
    """
    at = _HEADER_BYTES
    while at < len(wasm):
        number = wasm[at]
        length, begin = number_at(wasm, at + 1, len(wasm))
        at = begin + length
        if at > len(wasm):
            raise ComponentInvalid("the file is cut off: a section ends behind its end")
        yield Section(number, begin, at)


def number_at(wasm: bytes, at: int, end: int) -> tuple[int, int]:
    """A number in LEB128, before `end`, and where it ends.

    Raises:
        ComponentInvalid: there is none.
    """
    length = 0
    for index in range(_LENGTH_BYTES_MAX):
        if at + index >= end:
            break
        byte = wasm[at + index]
        length |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return length, at + index + 1
    raise ComponentInvalid("the file is damaged: a section has no proper length")


def _encoded(length: int) -> bytes:
    encoded = bytearray()
    while length >= 0x80:
        encoded.append(length & 0x7F | 0x80)
        length >>= 7
    encoded.append(length)
    return bytes(encoded)
