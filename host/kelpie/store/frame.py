"""The frame around every stored value: a format version and a checksum.

    version (1 byte) | CRC-32 of version, key and value (4 bytes) | value

The checksum covers the key, so that a value that got under another key is found
as well. It is checked before the version is looked at, and both will stay where
they are in every later version: a flipped bit is always named as what it is.

Counters (`Transaction.add`) have no frame.
"""

from __future__ import annotations

from struct import Struct
from zlib import crc32

from kelpie.errors import StoredValueCorrupt, StoreFormatUnsupported
from kelpie.store.tuples import readable

__all__ = ["FRAME_BYTES", "FRAME_VERSION", "frame", "is_same", "unframe"]

FRAME_VERSION = 1

_HEADER = Struct(">BI")
_pack = _HEADER.pack
_unpack = _HEADER.unpack_from

FRAME_BYTES = _HEADER.size


def frame(key: bytes, value: bytes) -> bytes:
    """`value` as it is stored under `key`."""
    return _pack(FRAME_VERSION, crc32(value, crc32(key, FRAME_VERSION))) + value


def unframe(key: bytes, stored: bytes) -> bytes:
    """The value that was stored under `key`.

    Raises:
        StoredValueCorrupt: not what `frame` made for this key.
        StoreFormatUnsupported: it was made by a version of Kelpie that frames
            values in another way.
    """
    if len(stored) < FRAME_BYTES:
        raise StoredValueCorrupt(
            f"the value of {readable(key)} has {len(stored)} bytes, fewer than its header: "
            "restore it from a backup",
            key=readable(key),
        )
    version, checksum = _unpack(stored)
    value = stored[FRAME_BYTES:]
    if checksum != crc32(value, crc32(key, version)):
        raise StoredValueCorrupt(
            f"the value of {readable(key)} fails its checksum: restore it from a backup",
            key=readable(key),
        )
    if version != FRAME_VERSION:
        raise StoreFormatUnsupported(
            f"the value of {readable(key)} has format {version}, and this version of Kelpie reads "
            f"format {FRAME_VERSION}: use the version that wrote it",
            key=readable(key),
            format=version,
        )
    return value


def is_same(key: bytes, stored: bytes | None, expected: bytes | None) -> bool:
    """Whether what was read under `key` is `expected`, frame and all.

    A damaged value is neither the same nor another one: nothing may be
    concluded from it.

    Raises: as `unframe`, if it is not the same.
    """
    if stored == expected:
        return True
    if stored is not None:
        unframe(key, stored)
    return False
