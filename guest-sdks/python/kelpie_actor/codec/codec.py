"""A codec: how values of one type are read from JSON, and written to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

__all__ = ["Codec", "Decode", "Encode", "Mismatch", "Schema", "SchemaWriter", "kind_of"]

Decode: TypeAlias = Callable[[Any], Any]
Encode: TypeAlias = Callable[[Any], str]
Schema: TypeAlias = dict[str, Any]


class Mismatch(Exception):
    """A value is not of its type. `where` leads to it: `notes.first`, `[3].name`."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message, where)
        self.message = message
        self.where = where

    def __str__(self) -> str:
        return f"{self.where} {self.message}" if self.where else f"it {self.message}"

    def below(self, step: str) -> Mismatch:
        """The same, seen from one level further out."""
        if not self.where:
            return Mismatch(self.message, step)
        between = "" if self.where.startswith("[") else "."
        return Mismatch(self.message, f"{step}{between}{self.where}")


class SchemaWriter:
    """JSON Schemas of one document; a type that contains itself is put in `$defs`."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self._open: list[str] = []
        self._recursive: set[str] = set()

    def record(self, name: str, build: Callable[[SchemaWriter], Schema]) -> Schema:
        reference = {"$ref": f"#/$defs/{name}"}
        if name in self.definitions:
            return reference
        if name in self._open:
            self._recursive.add(name)
            return reference
        self._open.append(name)
        made = build(self)
        self._open.pop()
        if name in self._recursive:
            self.definitions[name] = made
            return reference
        return made


class Codec:
    """How values of one type travel.

    `decode` takes what JSON read and raises `Mismatch`; `encode` takes a value, checks
    that it is of its type, returns JSON text and raises `Mismatch`.
    """

    __slots__ = ("decode", "encode", "encode_within", "inline", "is_ascii", "is_bytes", "schema")

    def __init__(
        self,
        decode: Decode,
        encode: Encode,
        schema: Schema | Callable[[SchemaWriter], Schema],
        *,
        is_bytes: bool = False,
        is_ascii: bool = False,
        inline: str = "",
        encode_within: Callable[[str, str], Encode] | None = None,
    ) -> None:
        self.decode = decode
        self.encode = encode
        self.schema = schema
        self.inline = inline
        """What `generated` knows it by, if it writes it out by itself."""
        self.is_bytes = is_bytes
        """Whether it has the binary lane, if it is all that travels."""
        self.is_ascii = is_ascii
        """Whether there is nothing else in what it writes."""
        self.encode_within = encode_within or self._encode_within
        """An `encode` that writes something before it and after it, too."""

    def _encode_within(self, before: str, after: str) -> Encode:
        return lambda value: f"{before}{self.encode(value)}{after}"

    def become(self, other: Codec) -> None:
        """Does from now on what the other one does."""
        for name in Codec.__slots__:
            setattr(self, name, getattr(other, name))

    def write_schema(self, writer: SchemaWriter) -> Schema:
        return self.schema(writer) if callable(self.schema) else dict(self.schema)

    def document(self) -> Schema:
        """The whole JSON Schema (2020-12) of the type."""
        writer = SchemaWriter()
        schema = self.write_schema(writer)
        if writer.definitions:
            schema = {**schema, "$defs": writer.definitions}
        return schema


_KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


def kind_of(value: object) -> str:
    """What a value is, in the words of JSON."""
    return _KINDS.get(type(value), type(value).__name__)
