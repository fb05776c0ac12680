"""Reads, and changes, components and modules that componentize-py has made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kelpie.wasm.sections import encoded_number, number_at, sections

__all__ = ["MODULE_HEADER", "Module", "Odd", "Reader", "VALUE_TYPES", "with_changed_modules"]

MODULE_HEADER = b"\0asm\1\0\0\0"
VALUE_TYPES = frozenset(b"\x7f\x7e\x7d\x7c\x7b\x70\x6f")
# The section of a component that is a module, and those of a module that are read here.
_MODULE = 1
_IMPORT, _EXPORT = 2, 7
_FUNCTION, _TABLE, _MEMORY, _GLOBAL = 0, 1, 2, 3
_HAS_MAXIMUM = 1


class Odd(Exception):
    """The component has something in it that is not known here."""


class Reader:
    """Reads a section."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def number(self) -> int:
        number, self.at = number_at(self.content, self.at, len(self.content))
        return number

    def taken(self, length: int) -> bytes:
        begin, self.at = self.at, self.at + length
        if self.at > len(self.content):
            raise Odd
        return self.content[begin : self.at]

    def name(self) -> bytes:
        return self.taken(self.number())

    def copied(self, begin: int) -> bytes:
        return self.content[begin : self.at]


class Module:
    """A module, its functions numbered as everywhere in it: what is imported comes first."""

    def __init__(self, content: bytes) -> None:
        if not content.startswith(MODULE_HEADER):
            raise Odd
        self._content = content
        self._found = list(sections(content))

    def section(self, number: int) -> Reader | None:
        """The last of this number, if there is one."""
        for each in reversed(self._found):
            if each.number == number:
                return Reader(self._content[each.begin : each.end])
        return None

    def exported_functions(self) -> dict[bytes, int]:
        """The numbers by the names."""
        found: dict[bytes, int] = {}
        if (exports := self.section(_EXPORT)) is not None:
            for _ in range(exports.number()):
                name, kind, index = exports.name(), exports.number(), exports.number()
                if kind == _FUNCTION:
                    found[name] = index
        return found

    def imported_functions(self) -> int:
        """How many there are."""
        count = 0
        if (imports := self.section(_IMPORT)) is not None:
            for _ in range(imports.number()):
                imports.name(), imports.name()
                count += _is_function(imports)
        return count

    def changed(self, contents: Mapping[int, bytes]) -> bytes:
        """The module with other contents of the sections of these numbers."""
        made = [self._content[:8]]
        for each in self._found:
            made += _section(
                each.number, contents.get(each.number, self._content[each.begin : each.end])
            )
        return b"".join(made)


def with_changed_modules(component: bytes, change: Callable[[Module], bytes | None]) -> bytes:
    """The component with what its modules are changed to, each that is not None."""
    made = [component[:8]]
    for each in sections(component):
        content = component[each.begin : each.end]
        if each.number == _MODULE and (changed := change(Module(content))) is not None:
            content = changed
        made += _section(each.number, content)
    return b"".join(made)


def _section(number: int, content: bytes) -> Iterator[bytes]:
    yield bytes([number])
    yield encoded_number(len(content))
    yield content


def _is_function(imports: Reader) -> bool:
    """Reads what is imported, and says whether it is a function."""
    kind = imports.number()
    if kind == _FUNCTION:
        imports.number()
    elif kind in (_TABLE, _MEMORY):
        if kind == _TABLE and imports.taken(1)[0] not in VALUE_TYPES:
            raise Odd
        flags = imports.number()
        imports.number()
        if flags & _HAS_MAXIMUM:
            imports.number()
    elif kind == _GLOBAL:
        imports.taken(2)
    else:
        raise Odd
    return kind == _FUNCTION
