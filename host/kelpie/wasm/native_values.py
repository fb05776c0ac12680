"""Values of the contract, in the C library's form: any shape, at leisure.

A value is 32 bytes: its kind, and at 8 its content. `Composer` builds one in
buffers of ours and has the library clone it to where it is wanted, so that the
library only ever owns what it allocated itself. The few shapes that every turn
needs have a faster way, in `marshalling.py`.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable

from kelpie.ids import Address, Payload
from kelpie.wasm.library import ADDRESS, RECORD_FIELD_BYTES, VALUE_BYTES, Kind, hold, memory

__all__ = [
    "Composer",
    "Prepared",
    "clone_value",
    "decode",
    "delete_value",
    "octets_values",
    "read_octets",
]

delete_value = hold("wasmtime_component_val_delete", None, ADDRESS)
clone_value = hold("wasmtime_component_val_clone", None, ADDRESS, ADDRESS)

_value = struct.Struct("<QQQQ")
_word = struct.Struct("<Q")
_pair = struct.Struct("<QQ")
_content = struct.Struct("<8xQQQ")
_kind = struct.Struct("<B")
_numbers = {
    Kind.BOOL: struct.Struct("<8x?"),
    Kind.U8: struct.Struct("<8xB"),
    Kind.U32: struct.Struct("<8xI"),
    Kind.U64: struct.Struct("<8xQ"),
}


def octets_values(data: bytes) -> bytearray:
    """`list<u8>` as the library wants it: one whole value for each byte."""
    values = bytearray(VALUE_BYTES * len(data))
    values[0::VALUE_BYTES] = bytes((Kind.U8,)) * len(data)
    values[8::VALUE_BYTES] = data
    return values


def read_octets(address: int, count: int) -> bytes:
    """The bytes of a `list<u8>` of `count` values."""
    begin = address + 8
    octets: bytes = memory[begin : begin + VALUE_BYTES * count : VALUE_BYTES]
    return octets


class _Names(dict[bytes, int]):
    """Where the names of fields and cases are: the contract has few, and they stay."""

    def __missing__(self, name: bytes) -> int:
        kept = ctypes.create_string_buffer(name)
        _kept_names.append(kept)
        address = self[name] = ctypes.addressof(kept)
        return address


_kept_names: list[object] = []
_names = _Names()


class Prepared:
    """A value that is built once, and written often."""

    __slots__ = ("_address", "_keeps")

    def __init__(self, address: int, keeps: object) -> None:
        self._address = address
        self._keeps = keeps

    def write(self, target: int) -> None:
        """As `Composer.write`."""
        clone_value(self._address, target)


class Composer:
    """Builds one value. Every method returns the 32 bytes of a value, to be
    given to another method or, at last, to `write`."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: list[object] = []

    def write(self, value: bytes, target: int) -> None:
        """Puts a clone of the value at `target`, which holds none that owns anything."""
        clone_value(self._place(value), target)

    def prepared(self, value: bytes) -> Prepared:
        """The value, to be written later."""
        return Prepared(self._place(value), self._kept)

    def number(self, kind: Kind, number: int) -> bytes:
        return _value.pack(kind, number, 0, 0)

    def text(self, data: bytes) -> bytes:
        return _value.pack(Kind.STRING, len(data), self._place(data), 0)

    def octets(self, data: bytes) -> bytes:
        values = octets_values(data)
        return _value.pack(Kind.LIST, len(data), self._place(values), 0)

    def listing(self, values: list[bytes]) -> bytes:
        return _value.pack(Kind.LIST, len(values), self._place(b"".join(values)), 0)

    def record(self, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
        entries = [_pair.pack(len(name), _names[name]) + value for name, value in fields]
        assert all(len(entry) == RECORD_FIELD_BYTES for entry in entries)
        return _value.pack(Kind.RECORD, len(entries), self._place(b"".join(entries)), 0)

    def variant(self, case: bytes, value: bytes | None) -> bytes:
        inner = self._place(value) if value is not None else 0
        return _value.pack(Kind.VARIANT, len(case), _names[case], inner)

    def option(self, value: bytes | None) -> bytes:
        return _value.pack(Kind.OPTION, self._place(value) if value is not None else 0, 0, 0)

    def result(self, *, ok: bool, value: bytes | None) -> bytes:
        inner = self._place(value) if value is not None else 0
        return _value.pack(Kind.RESULT, int(ok), inner, 0)

    def payload(self, payload: Payload) -> bytes:
        if payload.is_text:
            return self.variant(b"text", self.text(payload.data))
        return self.variant(b"bytes", self.octets(payload.data))

    def address(self, address: Address) -> bytes:
        return self.record(
            (name, self.text(part.encode()))
            for name, part in zip((b"namespace", b"kind", b"key"), address, strict=True)
        )

    def _place(self, data: bytes | bytearray) -> int:
        # Not copied: whoever clones it only reads. There is a NUL behind bytes, so
        # even those of none have an address.
        kept = bytes(data)
        self._kept.append(kept)
        (address,) = _word.unpack(ctypes.c_char_p(kept))
        return int(address)


def decode(address: int) -> object:
    """The value at `address`, as the journal keeps it.

    Text is str, `list<u8>` bytes, other lists and tuples are tuples, records
    are dicts, a variant is (case, value), an enum its case, a result (ok, value).
    """
    (kind,) = _kind.unpack_from(memory, address)
    if number := _numbers.get(kind):
        return number.unpack_from(memory, address)[0]
    first, second, third = _content.unpack_from(memory, address)
    match kind:
        case Kind.STRING | Kind.ENUM:
            return memory[second : second + first].decode()
        case Kind.LIST if first and memory[second] == bytes((Kind.U8,)):
            return read_octets(second, first)
        case Kind.LIST | Kind.TUPLE:
            return tuple(decode(second + VALUE_BYTES * index) for index in range(first))
        case Kind.RECORD:
            return dict(_field(second + RECORD_FIELD_BYTES * index) for index in range(first))
        case Kind.VARIANT:
            return memory[second : second + first].decode(), decode(third) if third else None
        case Kind.OPTION:
            return decode(first) if first else None
        case Kind.RESULT:
            return bool(first & 0xFF), decode(second) if second else None
    raise AssertionError(f"the contract has no values of kind {kind}")


def _field(address: int) -> tuple[str, object]:
    size, name = _pair.unpack_from(memory, address)
    return memory[name : name + size].decode(), decode(address + _pair.size)
