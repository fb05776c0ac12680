"""Custom sections: what a WebAssembly file carries besides its code.

Components and core modules are built alike here: a header, then sections, each
with a number and a length. Number 0 is a custom section, whose content begins
with its name. https://webassembly.github.io/spec/core/binary/modules.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kelpie.errors import ComponentInvalid

__all__ = [
    "Section",
    "custom_section",
    "encoded_number",
    "number_at",
    "sections",
    "with_custom_section",
]

_MAGIC = b"\0asm"
_HEADER_BYTES = 8
_CUSTOM = 0
_LENGTH_BYTES_MAX = 5


class Section(NamedTuple):
    """One section at the top level of a file."""

    number: int
    start: int
    """Where it begins, with its number."""
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
    for number, _, begin, end in sections(wasm):
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
    body = encoded_number(len(encoded)) + encoded + content
    return wasm + bytes([_CUSTOM]) + encoded_number(len(body)) + body


def sections(wasm: bytes, begin: int = 0, end: int | None = None) -> Iterator[Section]:
    """All sections at the top level of a file, which may lie between two places in
    another one.

    Raises:
        ComponentInvalid: one ends behind the file.
    """
    end = len(wasm) if end is None else end
    at = begin + _HEADER_BYTES
    while at < end:
        start = at
        length, content = number_at(wasm, at + 1, end)
        at = content + length
        if at > end:
            raise ComponentInvalid("the file is cut off: a section ends behind its end")
        yield Section(wasm[start], start, content, at)


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


def encoded_number(length: int) -> bytes:
    """The number in LEB128."""
    encoded = bytearray()
    while length >= 0x80:
        encoded.append(length & 0x7F | 0x80)
        length >>= 7
    encoded.append(length)
    return bytes(encoded)
