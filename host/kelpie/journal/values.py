"""Arguments and results of host calls, as bytes: whatever the contract passes.

The same value always gives the same bytes, so that values are compared by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import msgpack

from kelpie.ids import Payload
from kelpie.journal.masks import Mask
from kelpie.wasm.kind_configuration import Secret

__all__ = ["Digest", "Packer", "unpack"]

_TEXT, _BINARY, _DIGEST = 1, 2, 3
_DIGEST_BYTES = 16
_SIZE_BYTES = 8

_pack = msgpack.Packer().pack
_ext = msgpack.ExtType


class Digest(NamedTuple):
    """What a journal has of a value that is too large for it."""

    size: int
    digest: bytes

    def __str__(self) -> str:
        return f"({self.size} bytes with the digest {self.digest.hex()})"


class Packer:
    """Packs the values of turns that share their secrets."""

    __slots__ = ("_bytes_max", "_mask", "_whole")

    def __init__(self, mask: Mask, bytes_max: int) -> None:
        """`bytes_max`: what is larger has its digest packed, where `brief` is asked for."""
        self._mask = mask or None
        self._bytes_max = bytes_max
        self._whole = 1 << 62

    def pack(self, value: object) -> bytes:
        """The value, whole."""
        return _pack(self._plain(value, self._whole))  # type: ignore[no-any-return]

    def plain(self, value: object) -> object:
        """The value, whole, to be packed with others."""
        return self._plain(value, self._whole)

    def brief(self, value: object) -> object:
        """The value, with digests of what is large in it, to be packed with others."""
        return self._plain(value, self._bytes_max)

    def _plain(self, value: object, bytes_max: int) -> object:
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if kind is int:
            return value
        if kind is Payload:
            return self._payload(value, bytes_max)  # type: ignore[arg-type]
        if kind is bytes:
            return self._bytes(value, bytes_max)  # type: ignore[arg-type]
        if kind is str:
            return self._text(value, bytes_max)  # type: ignore[arg-type]
        if isinstance(value, tuple | list):
            return [self._plain(each, bytes_max) for each in value]
        if isinstance(value, Mapping):
            return {str(name): self._plain(each, bytes_max) for name, each in value.items()}
        if kind is Secret:
            return self._secret(value)  # type: ignore[arg-type]
        if isinstance(value, float):
            return value
        raise TypeError(f"a host call passed a {kind.__name__}, which no journal has room for")

    def _payload(self, value: Payload, bytes_max: int) -> object:
        data = value.data if self._mask is None else self._mask.hide(value.data)
        if len(data) > bytes_max:
            return _digest(data)
        return _ext(_TEXT if value.is_text else _BINARY, data)

    def _bytes(self, data: bytes, bytes_max: int) -> object:
        if self._mask is not None:
            data = self._mask.hide(data)
        return data if len(data) <= bytes_max else _digest(data)

    def _text(self, text: str, bytes_max: int) -> object:
        if self._mask is not None:
            text = self._mask.hide(text.encode()).decode()
        if len(text) * 4 > bytes_max and len(data := text.encode()) > bytes_max:
            return _digest(data)
        return text

    def _secret(self, secret: Secret) -> object:
        """Its stand-in."""
        assert self._mask is not None, "a secret was read where none is set"
        return self._mask.stand_in_of(secret)


def unpack(packed: bytes) -> Any:
    """What was packed, with tuples for lists.

    Raises:
        ValueError: that is no packed value.
    """
    try:
        return msgpack.unpackb(packed, use_list=False, ext_hook=_from_ext, strict_map_key=True)
    except (msgpack.UnpackException, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"that is no value: {error}") from error


def _digest(data: bytes) -> msgpack.ExtType:
    digest = blake2b(data, digest_size=_DIGEST_BYTES).digest()
    return _ext(_DIGEST, len(data).to_bytes(_SIZE_BYTES, "big") + digest)


def _from_ext(code: int, data: bytes) -> object:
    if code in (_TEXT, _BINARY):
        return Payload(code == _TEXT, data)
    if code == _DIGEST and len(data) == _SIZE_BYTES + _DIGEST_BYTES:
        return Digest(int.from_bytes(data[:_SIZE_BYTES], "big"), data[_SIZE_BYTES:])
    raise ValueError(f"there is no extension {code}")
