"""Puts what stands for WASI into an order.

componentize-py writes a small module for each interface of WASI, in which every function
traps, and does so in an order of chance. So the code of any two components differs, though
both have the same interpreter, and a host must compile each anew. In one order, with what
names things for debuggers alone left out, it is the same code, which is compiled once.

Only numbers change: which module has which, and who refers to it by that. A component that
is not as expected stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kelpie.errors import ComponentInvalid
from kelpie.wasm.sections import Section, encoded_number, sections
from kelpie_actor_build.reading import MODULE_HEADER, Odd, Reader

__all__ = ["in_order"]

# Sections of a module, and of a component.
_TYPE, _FUNCTION, _EXPORT, _CODE = 1, 3, 7, 10
_CUSTOM, _MODULE, _INSTANCE, _COMPONENT, _ALIAS = 0, 1, 2, 4, 6
_MODULE_SORT = 0x11
_NAMES = b"\x0ecomponent-name"
# A function of no locals that is `unreachable`, and how long it is.
_TRAPS = b"\x03\x00\x00\x0b"
_INSTANTIATE, _CORE_SORT, _CORE_EXPORT, _OUTER = 0, 0, 1, 2


def in_order(component: bytes) -> bytes:
    """The same component, with its stubs in the one order that it has for all."""
    try:
        return b"".join((component[:8], *_rewritten(component, list(sections(component)))))
    except (Odd, ComponentInvalid, IndexError):
        return component


def _rewritten(component: bytes, found: list[Section]) -> Iterator[bytes]:
    contents = [component[each.begin : each.end] for each in found]
    modules = [at for at, each in enumerate(found) if each.number == _MODULE]
    stubs = {
        number: stub
        for number, at in enumerate(modules)
        if (stub := _stub_in_order(contents[at])) is not None
    }
    # What is n-th in the order goes to where the n-th was.
    moved = dict(zip(sorted(stubs, key=lambda number: stubs[number]), sorted(stubs), strict=True))
    for old, new in moved.items():
        contents[modules[new]] = stubs[old]
    instances = _Instances(contents[at] for at, s in enumerate(found) if s.number == _INSTANCE)
    of_stubs = {module: at for at, module in instances.made if module in stubs}
    if sorted(module for _, module in instances.made if module in stubs) != sorted(stubs):
        raise Odd
    if instances.given.intersection(of_stubs.values()):
        raise Odd
    renamed = {at: of_stubs[moved[module]] for module, at in of_stubs.items()}
    for each, content in zip(found, contents, strict=True):
        if each.number == _CUSTOM and content.startswith(_NAMES):
            continue
        if _uses_modules(each.number, content):
            raise Odd
        told = _with_aliases(content, renamed) if each.number == _ALIAS else content
        yield bytes([each.number]) + encoded_number(len(told)) + told


def _uses_modules(section: int, content: bytes) -> bool:
    """Whether modules are, or may be, used in a way that is not followed here."""
    match section:
        case 4:  # a component
            return any(each.number in (_ALIAS, _COMPONENT) for each in sections(content))
        case 5:  # instances of components
            return _gives_modules(content)
        case 11:  # exports
            return bytes((_CORE_SORT, _MODULE_SORT)) in content
    return False


class _Function(NamedTuple):
    name: bytes
    type: bytes


def _stub_in_order(module: bytes) -> bytes | None:
    """The module with its functions by their names; None if it is no stub."""
    if not module.startswith(MODULE_HEADER):
        raise Odd
    parts = [each for each in sections(module) if each.number != _CUSTOM]
    if [each.number for each in parts] != [_TYPE, _FUNCTION, _EXPORT, _CODE]:
        return None
    types, functions, exports, code = (Reader(module[each.begin : each.end]) for each in parts)
    count = types.number()
    expected = encoded_number(count)
    if code.content != expected + count * _TRAPS:
        return None
    if functions.content != expected + b"".join(encoded_number(n) for n in range(count)):
        return None
    signatures = [_signature(types) for _ in range(count)]
    if exports.number() != count:
        return None
    named = []
    for _ in range(count):
        name, kind, function = exports.name(), exports.number(), exports.number()
        if kind:
            return None
        named.append(_Function(name, signatures[function]))
    named.sort()
    made = (
        (_TYPE, expected + b"".join(each.type for each in named)),
        (_FUNCTION, functions.content),
        (_EXPORT, expected + b"".join(_exported(n, each.name) for n, each in enumerate(named))),
        (_CODE, code.content),
    )
    return MODULE_HEADER + b"".join(
        bytes([number]) + encoded_number(len(content)) + content for number, content in made
    )


def _signature(types: Reader) -> bytes:
    begin = types.at
    if types.number() != 0x60:
        raise Odd
    for _ in ("parameters", "results"):
        types.taken(types.number())
    return types.copied(begin)


def _exported(function: int, name: bytes) -> bytes:
    return encoded_number(len(name)) + name + b"\0" + encoded_number(function)


class _Instances:
    """The instances of modules in a component."""

    def __init__(self, contents: Iterator[bytes]) -> None:
        self.made: list[tuple[int, int]] = []
        """The number of each that is made of a module, and that of the module."""
        self.given: set[int] = set()
        """Those that others are given as a whole."""
        number = 0
        for reader in map(Reader, contents):
            for _ in range(reader.number()):
                if reader.number() == _INSTANTIATE:
                    self.made.append((number, reader.number()))
                    for _argument in range(reader.number()):
                        reader.name(), reader.number()
                        self.given.add(reader.number())
                else:
                    for _export in range(reader.number()):
                        reader.name(), reader.number(), reader.number()
                number += 1


def _with_aliases(content: bytes, renamed: dict[int, int]) -> bytes:
    reader = Reader(content)
    count = reader.number()
    made = bytearray(encoded_number(count))
    for _ in range(count):
        begin = reader.at
        if reader.number() == _CORE_SORT:
            reader.number()
        target = reader.number()
        if target == _OUTER:
            reader.number(), reader.number()
            made += reader.copied(begin)
            continue
        made += reader.copied(begin)
        instance, name = reader.number(), reader.name()
        if target == _CORE_EXPORT:
            instance = renamed.get(instance, instance)
        made += encoded_number(instance) + encoded_number(len(name)) + name
    return bytes(made)


def _gives_modules(content: bytes) -> bool:
    """Whether an inner component is given a module."""
    reader = Reader(content)
    for _ in range(reader.number()):
        if reader.number() != _INSTANTIATE:
            raise Odd
        reader.number()
        for _argument in range(reader.number()):
            reader.name()
            if reader.number() == _CORE_SORT and reader.number() == _MODULE_SORT:
                return True
            reader.number()
    return False
