"""Values that are one msgpack array, with the version of its format in front."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgpack

from kelpie.errors import StoredValueCorrupt, StoreFormatUnsupported
from kelpie.store.frame import unframe
from kelpie.store.tuples import readable

__all__ = ["unpack_members", "unpack_row"]

_NONE: Mapping[int, int] = MappingProxyType({})


def unpack_row(key: bytes, stored: bytes, version: int, members: int) -> list[Any]:
    """The members behind the version, of which there must be so many.

    Raises:
        StoredValueCorrupt: it is no such array.
        StoreFormatUnsupported: it has another version.
    """
    return unpack_members(key, unframe(key, stored), version, members)


def unpack_members(
    key: bytes, value: bytes, version: int, members: int, older: Mapping[int, int] = _NONE
) -> list[Any]:
    """As `unpack_row`, of a value that is not framed any more. `older`: of the older
    versions that are read as well, how many members each has.

    Raises: as `unpack_row`.
    """
    name = readable(key)
    row: list[Any]
    try:
        found, *row = msgpack.unpackb(value)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise StoredValueCorrupt(
            f"the value of {name} cannot be read, {error}: restore it from a backup", key=name
        ) from error
    expected = {**older, version: members}
    if not isinstance(found, int) or found not in expected:
        raise StoreFormatUnsupported(
            f"the value of {name} has format {found!r}, and this version of Kelpie reads format "
            f"{version}: use the version that wrote it",
            key=name,
            format=found if isinstance(found, int) else None,
        )
    if len(row) != expected[found]:
        raise StoredValueCorrupt(
            f"the value of {name} has {len(row)} members, not {expected[found]}: restore it from "
            "a backup",
            key=name,
        )
    return row
