"""Reads the sections of components and modules that componentize-py has made."""

from __future__ import annotations

from kelpie.wasm.sections import number_at

__all__ = ["MODULE_HEADER", "Odd", "Reader"]

MODULE_HEADER = b"\0asm\1\0\0\0"


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
