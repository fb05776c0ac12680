"""Makes a component's allocator give no memory where none is asked for.

Whoever calls a component asks it for a block for each text that is passed, also for one
without characters, as the argument of most operations is. The runtime of componentize-py
frees none of these: sixteen bytes of each turn were never given back, and kept what lies
around them from being used again. Nothing is read from or written to such a block, so any
place will do for it, and where nothing ever is, nothing needs to be freed: empty lists are.

A component that is not as expected stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from kelpie.errors import ComponentInvalid
from kelpie.wasm.sections import encoded_number, sections
from kelpie_actor_build.reading import MODULE_HEADER, Odd, Reader

__all__ = ["without_empty_blocks"]

# Sections of a module, and the one of a component that is a module.
_IMPORT, _EXPORT, _CODE = 2, 7, 10
_MODULE = 1
_FUNCTION, _TABLE, _MEMORY, _GLOBAL = 0, 1, 2, 3
_HAS_MAXIMUM = 1
_VALUE_TYPES = frozenset(b"\x7f\x7e\x7d\x7c\x7b\x70\x6f")
# What is put before the functions of these names. One of nothing for nothing, old size (1)
# and new (3), has its alignment (2) for a place, which is at most 8.
_BEGINNINGS = {
    b"cabi_realloc": bytes.fromhex("2001 2003 72 45 04 40 2002 0f 0b"),
    b"free": bytes.fromhex("2000 4110 49 04 40 0f 0b"),
}


def without_empty_blocks(component: bytes) -> bytes:
    """The same component, in which a block of no bytes costs nothing."""
    made, changed = [component[:8]], set[bytes]()
    try:
        for each in sections(component):
            content = component[each.begin : each.end]
            if each.number == _MODULE:
                content, names = _module(content)
                changed |= names
            made += _section(each.number, content)
    except (Odd, ComponentInvalid, IndexError):
        return component
    # One without the other would do harm.
    return b"".join(made) if changed == _BEGINNINGS.keys() else component


def _section(number: int, content: bytes) -> Iterator[bytes]:
    yield bytes([number])
    yield encoded_number(len(content))
    yield content


def _module(module: bytes) -> tuple[bytes, set[bytes]]:
    """The module with the beginnings of those functions that it has, and their names."""
    if not module.startswith(MODULE_HEADER):
        raise Odd
    found = list(sections(module))
    readers = {each.number: Reader(module[each.begin : each.end]) for each in found}
    exported = _exported(readers[_EXPORT]) if _EXPORT in readers else {}
    if not exported:
        return module, set()
    imported = _imported_functions(readers[_IMPORT]) if _IMPORT in readers else 0
    own = {index - imported: name for index, name in exported.items() if index >= imported}
    made = [module[:8]]
    for each in found:
        content = module[each.begin : each.end]
        if each.number == _CODE:
            content = _code(Reader(content), own)
        made += _section(each.number, content)
    return b"".join(made), set(own.values())


def _code(code: Reader, changed: dict[int, bytes]) -> bytes:
    """The code, with the beginnings of the functions of these numbers."""
    count = code.number()
    if changed and max(changed) >= count:
        raise Odd
    made, kept = bytearray(), 0
    for function in range(count):
        begin = code.at
        body = code.taken(code.number())
        if function in changed:
            made += code.content[kept:begin]
            kept = code.at
            longer = _with_beginning(Reader(body), _BEGINNINGS[changed[function]])
            made += encoded_number(len(longer)) + longer
    return bytes(made + code.content[kept:])


def _with_beginning(body: Reader, beginning: bytes) -> bytes:
    for _ in range(body.number()):
        body.number()
        if body.taken(1)[0] not in _VALUE_TYPES:
            raise Odd
    return body.copied(0) + beginning + body.content[body.at :]


def _exported(exports: Reader) -> dict[int, bytes]:
    """The names by the numbers of the functions, among all of the module."""
    found = {}
    for _ in range(exports.number()):
        name, kind, index = exports.name(), exports.number(), exports.number()
        if name in _BEGINNINGS and kind == _FUNCTION:
            found[index] = name
    return found


def _imported_functions(imports: Reader) -> int:
    count = 0
    for _ in range(imports.number()):
        imports.name(), imports.name()
        kind = imports.number()
        if kind == _FUNCTION:
            imports.number()
            count += 1
        elif kind in (_TABLE, _MEMORY):
            if kind == _TABLE and imports.taken(1)[0] not in _VALUE_TYPES:
                raise Odd
            flags = imports.number()
            imports.number()
            if flags & _HAS_MAXIMUM:
                imports.number()
        elif kind == _GLOBAL:
            imports.taken(2)
        else:
            raise Odd
    return count
