"""Makes a component's allocator give no memory where none is asked for.

Whoever calls a component asks it for a block for each text that is passed, also for one
without characters, as the argument of most operations is. The runtime of componentize-py
frees none of these: sixteen bytes of each turn were never given back, and kept what lies
around them from being used again. Nothing is read from or written to such a block, so any
place will do for it, and where nothing ever is, nothing needs to be freed: empty lists are.

A component that is not as expected stays as it is.
"""

from __future__ import annotations

from kelpie.errors import ComponentInvalid
from kelpie.wasm.sections import encoded_number
from kelpie_actor_build.reading import VALUE_TYPES, Module, Odd, Reader, with_changed_modules

__all__ = ["without_empty_blocks"]

_CODE = 10
# What is put before the functions of these names. One of nothing for nothing, old size (1)
# and new (3), has its alignment (2) for a place, which is at most 8.
_BEGINNINGS = {
    b"cabi_realloc": bytes.fromhex("2001 2003 72 45 04 40 2002 0f 0b"),
    b"free": bytes.fromhex("2000 4110 49 04 40 0f 0b"),
}


def without_empty_blocks(component: bytes) -> bytes:
    """The same component, in which a block of no bytes costs nothing."""
    changed = set[bytes]()

    def change(module: Module) -> bytes | None:
        exported = module.exported_functions()
        names = [name for name in _BEGINNINGS if name in exported]
        if not names or (code := module.section(_CODE)) is None:
            return None
        imported = module.imported_functions()
        own = {exported[name] - imported: name for name in names if exported[name] >= imported}
        changed.update(own.values())
        return module.changed({_CODE: _code(code, own)})

    try:
        made = with_changed_modules(component, change)
    except (Odd, ComponentInvalid, IndexError):
        return component
    # One without the other would do harm.
    return made if changed == _BEGINNINGS.keys() else component


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
        if body.taken(1)[0] not in VALUE_TYPES:
            raise Odd
    return body.copied(0) + beginning + body.content[body.at :]
