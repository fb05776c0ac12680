"""The hot path between Python and the engine: payloads, in and out.

Most of a turn's time would go into building and reading values, so the shapes
that every turn needs are prepared once and filled in place: no allocation, no
foreign call but the one that hands the value over. The rest is in
`native_values.py`.

Each engine has a `Marshalling` of its own, used by one thread; nothing in it
outlives the call that filled it.
"""

from __future__ import annotations

import ctypes
import struct

from kelpie.errors import GuestLimitExceeded
from kelpie.ids import Payload
from kelpie.limits import KIB
from kelpie.wasm.library import VALUE_BYTES, Kind, memory
from kelpie.wasm.native_values import Composer, clone_value, read_octets

__all__ = ["Marshalling", "PreparedText", "read_payload", "read_text", "write_u64"]

# Text up to this size is copied into a buffer that is already in place.
_STAGING_BYTES = 64 * KIB

_value = struct.Struct("<QQQQ")
_size_and_data = struct.Struct("<8xQQ")
_case_and_value = struct.Struct("<8xQ8xQ")
_word = struct.Struct("<Q")

_read_size_and_data = _size_and_data.unpack_from
_read_case_and_value = _case_and_value.unpack_from
_new_payload = tuple.__new__


def read_text(address: int, bytes_max: int, limit: str) -> bytes:
    """The string at `address`, which the library has checked to be UTF-8.

    Raises:
        GuestLimitExceeded: it is larger; nothing was copied.
    """
    size, data = _read_size_and_data(memory, address)
    if size > bytes_max:
        raise over_limit(limit, size, bytes_max)
    text: bytes = memory[data : data + size]
    return text


def read_payload(address: int, bytes_max: int, limit: str, binary_bytes_max: int) -> Payload:
    """The payload at `address`.

    Raises:
        GuestLimitExceeded: it is larger than `limit` or, being binary, than
            `binary_bytes_max`; nothing was copied.
    """
    case_bytes, inner = _read_case_and_value(memory, address)
    size, data = _read_size_and_data(memory, inner)
    if size > bytes_max:
        raise over_limit(limit, size, bytes_max)
    # The two cases, `text` and `bytes`, differ in the length of their names.
    if case_bytes == 4:
        return _new_payload(Payload, (True, memory[data : data + size]))
    if size > binary_bytes_max:
        raise over_limit("binary_bytes_max", size, binary_bytes_max)
    return _new_payload(Payload, (False, read_octets(data, size)))


def write_u64(address: int, number: int) -> None:
    _value.pack_into(memory, address, Kind.U64, number, 0, 0)


def over_limit(limit: str, size: int, maximum: int) -> GuestLimitExceeded:
    return GuestLimitExceeded(
        f"{size} bytes are over the limit {limit} of {maximum}",
        limit=limit,
        size=size,
        maximum=maximum,
    )


class PreparedText:
    """A text payload in place, its content to be filled in."""

    __slots__ = ("_case", "_staging", "_staging_address", "text", "variant")

    def __init__(self) -> None:
        self._staging = bytearray(_STAGING_BYTES)
        self._staging_address = address_of(self._staging)
        self.text = bytearray(_value.pack(Kind.STRING, 0, self._staging_address, 0))
        """The 32 bytes of the text by itself."""
        self._case = bytearray(b"text")
        self.variant = bytearray(
            _value.pack(Kind.VARIANT, 4, address_of(self._case), address_of(self.text))
        )
        """The 32 bytes of the payload: they never change."""

    def fill(self, data: bytes) -> None:
        """Makes `data` the content. It must live until the library has read it."""
        size = len(data)
        if size <= _STAGING_BYTES:
            self._staging[:size] = data
            _value.pack_into(self.text, 0, Kind.STRING, size, self._staging_address, 0)
        else:
            (address,) = _word.unpack(ctypes.c_char_p(data))
            _value.pack_into(self.text, 0, Kind.STRING, size, address, 0)


class Marshalling:
    """The prepared values of one engine: a turn's arguments, and the answer to a load."""

    __slots__ = (
        "_answer",
        "_answer_address",
        "_argument",
        "_arguments",
        "_batch",
        "_binary",
        "_name",
        "_operation",
        "_option",
        "_reply",
        "_reply_address",
        "_text_address",
        "_text_option",
        "arguments_address",
        "batch_address",
    )

    def __init__(self, operation_bytes_max: int) -> None:
        self._answer = PreparedText()
        self._option = bytearray(_value.pack(Kind.OPTION, address_of(self._answer.variant), 0, 0))
        self._answer_address = address_of(self._option)
        self._reply = bytearray(_value.pack(Kind.RESULT, 1, address_of(self._answer.variant), 0))
        self._reply_address = address_of(self._reply)
        self._text_option = bytearray(_value.pack(Kind.OPTION, address_of(self._answer.text), 0, 0))
        self._text_address = address_of(self._text_option)

        self._argument = PreparedText()
        self._binary: Composer | None = None
        self._operation: str | None = None
        self._name = bytearray(operation_bytes_max)
        name = _value.pack(Kind.STRING, 0, address_of(self._name), 0)
        self._arguments = bytearray(name + self._argument.variant)
        self.arguments_address = address_of(self._arguments)
        self._batch = bytearray(VALUE_BYTES)
        self.batch_address = address_of(self._batch)

    def set_arguments(self, operation: str, argument: Payload) -> None:
        """Puts a turn's two arguments at `arguments_address`.

        The engine copies them before it first suspends the guest; until then
        they have to live, and nobody may put others there.
        """
        if operation is not self._operation:
            name = operation.encode()
            size = len(name)
            assert size <= len(self._name), "the runtime checks the names of operations"
            self._name[:size] = name
            _word.pack_into(self._arguments, 8, size)
            self._operation = operation
        is_text, data = argument
        if is_text:
            self._argument.fill(data)
            if self._binary:
                self._arguments[VALUE_BYTES:] = self._argument.variant
                self._binary = None
        else:
            self._binary = Composer()
            self._arguments[VALUE_BYTES:] = self._binary.payload(argument)

    def set_batch(self, operations: bytes) -> None:
        """Puts the one argument of a batch at `batch_address`. The bytes must
        live until the engine has copied them, as with `set_arguments`."""
        (address,) = _word.unpack(ctypes.c_char_p(operations))
        _value.pack_into(self._batch, 0, Kind.STRING, len(operations), address, 0)

    def write_optional_payload(self, address: int, payload: Payload | None) -> None:
        """Puts an `option<payload>` at `address`."""
        if payload is None:
            _value.pack_into(memory, address, Kind.OPTION, 0, 0, 0)
        elif payload[0]:
            self._answer.fill(payload[1])
            clone_value(self._answer_address, address)
        else:
            composer = Composer()
            composer.write(composer.option(composer.payload(payload)), address)

    def write_reply(self, address: int, payload: Payload) -> None:
        """Puts a `result` at `address` that is this payload."""
        if payload[0]:
            self._answer.fill(payload[1])
            clone_value(self._reply_address, address)
        else:
            composer = Composer()
            composer.write(composer.result(ok=True, value=composer.payload(payload)), address)

    def write_optional_text(self, address: int, text: bytes | None) -> None:
        """Puts an `option<string>` at `address`."""
        if text is None:
            _value.pack_into(memory, address, Kind.OPTION, 0, 0, 0)
        else:
            self._answer.fill(text)
            clone_value(self._text_address, address)


def address_of(buffer: bytearray) -> int:
    """Where the bytes are. Only assignments that keep the size may follow: they
    never move them."""
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))
