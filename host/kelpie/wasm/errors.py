"""Errors of the C library: made for it, and read from it."""

from __future__ import annotations

import ctypes

from kelpie.wasm.library import ADDRESS, BYTES, hold, take_bytes

__all__ = ["error_address", "take_message"]

_new = hold("wasmtime_error_new", ADDRESS, BYTES)
_message = hold("wasmtime_error_message", None, ADDRESS, ADDRESS)
_delete = hold("wasmtime_error_delete", None, ADDRESS)

_vector = ctypes.create_string_buffer(16)
_vector_address = ctypes.addressof(_vector)


def error_address(message: str) -> int:
    """A new error of the library, which whoever receives it owns."""
    address: int = _new(message.replace("\0", "\\0").encode(errors="replace"))
    return address


def take_message(address: int) -> str:
    """The whole text of an error (with its backtrace and causes); deletes it."""
    _message(address, _vector_address)
    _delete(address)
    return take_bytes(_vector_address).decode(errors="replace")
