"""Makes a component free the bytes that it passed on.

What a component replies, stores or sends as bytes is copied to a place where the other side
reads it. componentize-py 0.25.1 frees that place never: a turn that replies a thousand bytes
leaves a thousand behind. Its runtime keeps a list of what is to be freed at the end of each
call, and has a function that puts something on it, which is asked for all but lists of bytes.
Here the function that makes the copy is put into one that asks for that, too.

A component that is not as expected stays as it is.
"""

from __future__ import annotations

from typing import NamedTuple

from kelpie.errors import ComponentInvalid
from kelpie.wasm.sections import encoded_number
from kelpie_actor_build.reading import Module, Odd, Reader, with_changed_modules

__all__ = ["FORGETFUL", "with_passed_lists_freed"]

FORGETFUL = frozenset({"0.25.1"})
"""The versions of componentize-py that this was made for. With one that frees these itself,
they would be freed twice."""

_TYPE, _FUNCTIONS, _EXPORT, _CODE = 1, 3, 7, 10
_FUNCTION = 0
_FUNCTION_TYPE = 0x60
# Of the call, the type and where to put the place, the length; a place of 0 says that the
# elements are asked for one by one. And: of the call, place, size, alignment, and whether
# it is only freed in the end.
_COPY, _COPY_TYPE = b"wit_dylib_pop_list", bytes.fromhex("60 03 7f7f7f 01 7f")
_FREE, _FREE_TYPE = b"wit_dylib_dealloc_bytes", bytes.fromhex("60 05 7f7f7f7f7f 00")


class _Found(NamedTuple):
    copy: int
    copy_type: int
    free: int
    functions: int
    """How many there are."""


def with_passed_lists_freed(component: bytes) -> bytes:
    """The same component, which frees the bytes that it passed at the end of a call."""
    changed = 0

    def change(module: Module) -> bytes | None:
        nonlocal changed
        exported = module.exported_functions()
        if not {_COPY, _FREE} <= exported.keys():
            return None
        changed += 1
        return _changed(module, _found(module, exported[_COPY], exported[_FREE]))

    try:
        made = with_changed_modules(component, change)
    except (Odd, ComponentInvalid, IndexError):
        return component
    return made if changed == 1 else component


def _found(module: Module, copy: int, free: int) -> _Found:
    """The two functions, if they are what they are taken for."""
    imported = module.imported_functions()
    types, functions = _types(module), _section(module, _FUNCTIONS)
    of_type = [functions.number() for _ in range(functions.number())]
    if min(copy, free) < imported:
        raise Odd
    copy_type = of_type[copy - imported]
    if (types[copy_type], types[of_type[free - imported]]) != (_COPY_TYPE, _FREE_TYPE):
        raise Odd
    return _Found(copy, copy_type, free, imported + len(of_type))


def _types(module: Module) -> list[bytes]:
    types = _section(module, _TYPE)
    found = []
    for _ in range(types.number()):
        begin = types.at
        if types.number() != _FUNCTION_TYPE:
            raise Odd
        for _ in ("parameters", "results"):
            types.taken(types.number())
        found.append(types.copied(begin))
    return found


def _changed(module: Module, found: _Found) -> bytes:
    """With one function more, which has the name of the one that copies."""
    functions, code = _section(module, _FUNCTIONS), _section(module, _CODE)
    body = _body(encoded_number(found.copy), encoded_number(found.free))
    return module.changed(
        {
            _FUNCTIONS: _with_one_more(functions, encoded_number(found.copy_type)),
            _CODE: _with_one_more(code, encoded_number(len(body)) + body),
            _EXPORT: _exports(_section(module, _EXPORT), found.functions),
        }
    )


def _body(copy: bytes, free: bytes) -> bytes:
    """With the length in a local (3) and the place in another (4)."""
    return b"".join(
        (
            bytes.fromhex("01 02 7f  2000 2001 2002 10"),
            copy,
            bytes.fromhex("21 03  2002 28 02 00 22 04  04 40"),
            # A block of no bytes is one, too: it has at least a size of one here, as nothing
            # is done for those of none.
            bytes.fromhex("2000 2004 2003 2003 45 6a 4101 4101 10"),
            free,
            bytes.fromhex("0b 2003 0b"),
        )
    )


def _with_one_more(section: Reader, element: bytes) -> bytes:
    return encoded_number(section.number() + 1) + section.content[section.at :] + element


def _exports(exports: Reader, copy: int) -> bytes:
    count = exports.number()
    made = bytearray(encoded_number(count))
    for _ in range(count):
        begin = exports.at
        name, kind = exports.name(), exports.number()
        made += exports.copied(begin)
        index = exports.number()
        made += encoded_number(copy if (name, kind) == (_COPY, _FUNCTION) else index)
    return bytes(made)


def _section(module: Module, number: int) -> Reader:
    if (found := module.section(number)) is None:
        raise Odd
    return found
