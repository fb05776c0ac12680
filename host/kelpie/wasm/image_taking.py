"""Takes out of a component what its memory begins with, for `memory_images.py`.

A guest of an interpreted language is a snapshot: it brings megabytes of data along,
which the engine would copy into the memory of each instance. Taken out before the
component is compiled, they are kept once, and instances share what none of them writes.

What is left is the code. Of components with the same interpreter it is the same, whatever
programs they bring, so it is compiled once for all of them: nothing stays in it that tells
them apart, such as how many segments there were, or what is written in custom sections.

No guest can tell. The data is that of the module which has the memory, so it is there
before any code that could see the memory runs, copied or not. Where that is not certain
the component stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from kelpie.errors import ComponentInvalid
from kelpie.wasm.pages import PAGE_BYTES
from kelpie.wasm.sections import Section, encoded_number, number_at, sections

__all__ = ["IMAGE_BYTES_MIN", "Taken", "take_image"]

IMAGE_BYTES_MIN = 256 * 1024
"""Less is copied faster than its pages are mapped and, one by one, faulted in."""

# How many times as long as the data an image may be: what is in between is kept as zeros.
_SPARSE_TIMES_MAX = 2
_HEADER_BYTES = 8
_MODULE_HEADER = b"\0asm\1\0\0\0"
_CUSTOM, _IMPORT, _MEMORY, _DATA, _DATA_COUNT = 0, 2, 5, 11, 12
_CORE_MODULE, _COMPONENT = 1, 4
# Deeper ones are not looked into, and then nothing is taken.
_DEPTH_MAX = 8
_WASM_PAGE_BYTES = 65_536
# Kinds of imports, and the types that are written in one byte.
_FUNCTION, _TABLE, _GLOBAL = 0, 1, 3
_PLAIN_TYPES = frozenset((0x7F, 0x7E, 0x7D, 0x7C, 0x7B, 0x70, 0x6F))
_HAS_MAXIMUM = 1
_I32_CONST, _END = 0x41, 0x0B
_ACTIVE, _PASSIVE, _ACTIVE_IN_MEMORY = 0, 1, 2
# Of no bytes, at address 0: it keeps the numbers of the others as they are.
_EMPTY_SEGMENT = bytes((_ACTIVE, _I32_CONST, 0, _END, 0))


class Taken(NamedTuple):
    """A component, and what one of its memories begins with: that which has
    `memory_bytes` at first. The content lies at `begin`, in whole pages. Without content
    nothing was taken."""

    component: bytes
    memory_bytes: int = 0
    begin: int = 0
    content: bytes = b""


class _Piece(NamedTuple):
    """Where a segment goes, and where its bytes are in the file."""

    offset: int
    at: int
    length: int


_Path = tuple[Section, ...]
"""The sections in which something is, the innermost last."""


class _Module(NamedTuple):
    """A module, the first of its memories, and its data."""

    path: _Path
    memory_bytes: int
    data: Section
    is_counted: bool
    """Whether its code may name segments by their numbers."""


def take_image(component: bytes) -> Taken:
    """
    Raises:
        ComponentInvalid: it is damaged.
    """
    try:
        for module in _candidates(component):
            taken = _take_from(component, module)
            if taken is not None:
                return taken
    except IndexError as error:
        raise ComponentInvalid("the file is cut off") from error
    return Taken(component)


def _take_from(component: bytes, module: _Module) -> Taken | None:
    read = _read(component, module)
    if read is None:
        return None
    pieces, rest = read
    image = _image(component, pieces)
    if image is None:
        return None
    stripped = _with_content(component, (*module.path, module.data), rest)
    return Taken(_without_custom(stripped), module.memory_bytes, *image)


def _candidates(component: bytes) -> list[_Module]:
    """The modules with a memory of a size that no other has: by its size one knows it,
    when an instance gets its memories."""
    sizes: Counter[int] = Counter()
    found: list[_Module] = []
    for path in _modules(component, ()):
        if not 0 < len(path) <= _DEPTH_MAX:
            return []
        inside = {s.number: s for s in sections(component, path[-1].begin, path[-1].end)}
        memories = list(_memories(component, inside[_MEMORY])) if _MEMORY in inside else []
        sizes.update(memories)
        imports = inside.get(_IMPORT)
        if not memories or _DATA not in inside:
            continue
        if imports is None or _imports_no_memory(component, imports):
            data = inside[_DATA]
            found.append(_Module(path, memories[0], data, _DATA_COUNT in inside))
    return [module for module in found if sizes[module.memory_bytes] == 1]


def _memories(file: bytes, section: Section) -> Iterator[int]:
    """What each has at first, in bytes; of one of an odd kind, something below zero."""
    count, at = number_at(file, section.begin, section.end)
    for _ in range(count):
        flags = file[at]
        pages, at = number_at(file, at + 1, section.end)
        if flags & _HAS_MAXIMUM:
            _, at = number_at(file, at, section.end)
        if flags & ~_HAS_MAXIMUM:
            # Shared, of 64 bits, or with pages of another size: what follows is not known.
            yield -1
            return
        yield pages * _WASM_PAGE_BYTES


def _imports_no_memory(file: bytes, section: Section) -> bool:
    """Whether it is certain that the numbers of memories begin with the module's own."""
    count, at = number_at(file, section.begin, section.end)
    for _ in range(count):
        for _name in range(2):
            length, at = number_at(file, at, section.end)
            at += length
        kind = file[at]
        if kind == _FUNCTION:
            _, at = number_at(file, at + 1, section.end)
        elif kind == _TABLE and file[at + 1] in _PLAIN_TYPES:
            limits = file[at + 2]
            at += 3
            for _bound in range(1 + (limits & _HAS_MAXIMUM)):
                _, at = number_at(file, at, section.end)
        elif kind == _GLOBAL and file[at + 1] in _PLAIN_TYPES:
            at += 3
        else:
            return False
    return True


def _modules(component: bytes, path: _Path) -> Iterator[_Path]:
    """All modules in a component; a component that lies too deep in their place."""
    begin, end = (path[-1].begin, path[-1].end) if path else (0, len(component))
    is_module = component[begin : begin + _HEADER_BYTES] == _MODULE_HEADER
    if is_module or len(path) > _DEPTH_MAX:
        yield path
        return
    for section in sections(component, begin, end):
        if section.number in (_CORE_MODULE, _COMPONENT):
            yield from _modules(component, (*path, section))


def _read(file: bytes, module: _Module) -> tuple[list[_Piece], bytes] | None:
    """The segments that lie at a place of their own in the first memory, and the data
    section without them; None if a place is not plain, or not in the memory."""
    data, memory_bytes = module.data, module.memory_bytes
    pieces: list[_Piece] = []
    rest = bytearray()
    count, at = number_at(file, data.begin, data.end)
    for _ in range(count):
        segment = at
        kind, at = number_at(file, at, data.end)
        memory, at = number_at(file, at, data.end) if kind == _ACTIVE_IN_MEMORY else (0, at)
        offset, at = (0, at) if kind == _PASSIVE else _constant_at(file, at, data.end)
        if offset is None:
            return None
        length, at = number_at(file, at, data.end)
        if kind == _PASSIVE or memory:
            rest += file[segment : at + length]
        elif offset + length > memory_bytes:
            # It must fail as it did.
            return None
        else:
            pieces.append(_Piece(offset, at, length))
            rest += _EMPTY_SEGMENT
        at += length
    if len(pieces) == count and not module.is_counted:
        return pieces, encoded_number(0)
    return pieces, encoded_number(count) + rest


def _image(file: bytes, pieces: list[_Piece]) -> tuple[int, bytes] | None:
    """Where the data begins, and all of it, if it is much and lies close together."""
    size = sum(piece.length for piece in pieces)
    if size < IMAGE_BYTES_MIN:
        return None
    begin = min(piece.offset for piece in pieces) // PAGE_BYTES * PAGE_BYTES
    last = max(piece.offset + piece.length for piece in pieces)
    end = -(-last // PAGE_BYTES) * PAGE_BYTES
    if end - begin > _SPARSE_TIMES_MAX * size:
        return None
    content = bytearray(end - begin)
    # In their order: of two that overlap the later one counts.
    for offset, at, length in pieces:
        content[offset - begin : offset - begin + length] = file[at : at + length]
    return begin, bytes(content)


def _constant_at(file: bytes, at: int, end: int) -> tuple[int | None, int]:
    """The address that an expression says, if it is a plain number, and where it ends."""
    if file[at] != _I32_CONST:
        return None, at
    number, behind = number_at(file, at + 1, end)
    bits = 7 * (behind - at - 1)
    if bits < 32 and number >> (bits - 1):
        number -= 1 << bits
    if file[behind] != _END:
        return None, at
    return number % (1 << 32), behind + 1


def _with_content(file: bytes, path: _Path, content: bytes) -> bytes:
    """The file with something else in the section that the path leads to."""
    whole = Section(_COMPONENT, 0, 0, len(file))
    for around, section in zip(reversed((whole, *path[:-1])), reversed(path), strict=True):
        head = bytes([section.number]) + encoded_number(len(content))
        before, behind = file[around.begin : section.start], file[section.end : around.end]
        content = before + head + content + behind
    return content


def _without_custom(component: bytes) -> bytes:
    """Without what the engine does not read of it."""
    kept = (s for s in sections(component) if s.number != _CUSTOM)
    return component[:_HEADER_BYTES] + b"".join(component[s.start : s.end] for s in kept)
