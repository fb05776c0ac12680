"""A bundle: a file with instances of one actor, their turns, and their components.

    magic | frames: kind (1 byte), length (4), CRC-32 of both and the body (4), body

The first frame is the head, and the last one the end, with the number of
frames: a file that was cut off has none. Nothing in it is believed before it was
checked, for it may come from a stranger.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256
from struct import Struct
from typing import Any, NamedTuple

from kelpie.errors import BundleInvalid
from kelpie.journal.birth import Flown, unpack_birth, unpack_entries
from kelpie.journal.entries import EntryInvalid
from kelpie.limits import Limits

__all__ = ["Bundle", "BundleWriter", "Head", "limits_told", "read_bundle"]

_MAGIC = b"kelpie bundle 1\n"
_HEADER = Struct(">cII")
_HEAD, _COMPONENT, _BIRTH, _TURNS, _END = b"h", b"w", b"b", b"t", b"z"
_COMPRESSION_LEVEL = 1


class Head(NamedTuple):
    """What a bundle is of."""

    actor: str
    namespace: str
    host_version: str
    engine_version: str
    exported_at_ns: int
    limits: dict[str, int]
    """Those of the host under which the turns ran."""

    def limits_under(self, most: Limits) -> Limits:
        """Those limits, as far as this host allows as much."""
        known = {each.name for each in fields(most)}
        told = {
            name: min(value, getattr(most, name))
            for name, value in self.limits.items()
            if name in known
        }
        return replace(most, **told)


@dataclass(slots=True)
class Bundle:
    """Its instances in the order of their births, and components by their digest."""

    head: Head
    components: dict[str, bytes] = field(default_factory=dict)
    flown: list[Flown] = field(default_factory=list)

    @property
    def turns(self) -> int:
        return sum(len(each.entries) for each in self.flown)

    @property
    def secrets(self) -> list[str]:
        """The names of secrets for which stand-ins are read."""
        return sorted({name for each in self.flown for name in each.birth.stand_ins})


class BundleWriter:
    """Makes a bundle, frame by frame."""

    def __init__(self, head: Head) -> None:
        self._parts: list[bytes] = [_MAGIC]
        self._frames = 0
        self.size = len(_MAGIC)
        self._add(_HEAD, json.dumps(head._asdict()).encode())

    def add_component(self, wasm: bytes) -> None:
        self._add(_COMPONENT, zlib.compress(wasm, _COMPRESSION_LEVEL))

    def add_birth(self, packed: bytes) -> None:
        """An instance, as `pack_birth` has it; its turns follow."""
        self._add(_BIRTH, packed)

    def add_turns(self, count: int, packed: bytes) -> None:
        """Turns of the instance before, as `pack_entry` has each."""
        self._add(_TURNS, count.to_bytes(4, "big") + packed)

    def finish(self) -> bytes:
        self._add(_END, str(self._frames).encode())
        return b"".join(self._parts)

    def _add(self, kind: bytes, body: bytes) -> None:
        length = len(body).to_bytes(4, "big")
        self._parts += (
            _HEADER.pack(kind, len(body), zlib.crc32(body, zlib.crc32(kind + length))),
            body,
        )
        self._frames += 1
        self.size += _HEADER.size + len(body)


def read_bundle(data: bytes, limits: Limits) -> Bundle:
    """What a file has in it.

    Raises:
        BundleInvalid: it is no bundle, damaged, or over a limit.
    """
    if len(data) > limits.bundle_bytes_max:
        raise _over("bundle_bytes_max", len(data), limits.bundle_bytes_max, "bytes")
    if not data.startswith(_MAGIC):
        raise BundleInvalid(
            "it is no bundle, or one of another version of Kelpie: give a file that "
            "`kelpie export` has written"
        )
    bundle: Bundle | None = None
    for kind, body, at in _frames(data):
        if bundle is None:
            if kind != _HEAD:
                raise BundleInvalid("its first frame does not say what it is of")
            bundle = Bundle(_read_head(body))
            continue
        try:
            _take(bundle, kind, body, limits)
        except EntryInvalid as error:
            raise BundleInvalid(f"the frame at byte {at} cannot be read: {error}") from error
    assert bundle is not None, "the last frame was found, and it is not the first"
    for each in bundle.flown:
        if each.birth.digest not in bundle.components:
            raise BundleInvalid(f"the component {each.birth.digest[:12]} is not in it")
    return bundle


def _frames(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """All frames but the end, each with where it begins."""
    at, count = len(_MAGIC), 0
    while at < len(data):
        begin = at + _HEADER.size
        if begin > len(data):
            raise _cut_off(at)
        kind, length, checksum = _HEADER.unpack_from(data, at)
        body = data[begin : begin + length]
        expected = zlib.crc32(body, zlib.crc32(kind + length.to_bytes(4, "big")))
        if len(body) != length or checksum != expected:
            raise BundleInvalid(
                f"the frame at byte {at} fails its checksum: the file is damaged, or cut off; "
                "export it again"
            )
        if kind == _END:
            if begin + length != len(data) or body != str(count).encode():
                raise BundleInvalid("its end is not that of this file: export it again")
            if not count:
                raise BundleInvalid("there is nothing in it")
            return
        yield kind, body, at
        at, count = begin + length, count + 1
    raise _cut_off(at)


def _take(bundle: Bundle, kind: bytes, body: bytes, limits: Limits) -> None:
    if kind == _COMPONENT:
        if len(bundle.components) >= limits.bundle_components_max:
            most = limits.bundle_components_max
            raise _over("bundle_components_max", most + 1, most, "components")
        wasm = _inflated(body, limits.component_bytes_max)
        bundle.components[sha256(wasm).hexdigest()] = wasm
    elif kind == _BIRTH:
        bundle.flown.append(Flown(unpack_birth(body), []))
    elif kind == _TURNS:
        if not bundle.flown:
            raise EntryInvalid("it has turns of no instance")
        count = int.from_bytes(body[:4], "big")
        if bundle.turns + count > limits.bundle_turns_max:
            raise _over("bundle_turns_max", bundle.turns + count, limits.bundle_turns_max, "turns")
        bundle.flown[-1].entries += unpack_entries(count, body[4:])
    else:
        raise EntryInvalid("its kind is not known")


def _inflated(body: bytes, bytes_max: int) -> bytes:
    inflating = zlib.decompressobj()
    try:
        wasm = inflating.decompress(body, bytes_max)
    except zlib.error as error:
        raise EntryInvalid(f"it cannot be decompressed ({error})") from error
    if not inflating.eof:
        raise EntryInvalid(
            f"its component has more than {bytes_max} bytes (component_bytes_max), or is cut off"
        )
    return wasm


def _read_head(body: bytes) -> Head:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BundleInvalid(f"its head is no JSON: {error}") from error
    texts = ("actor", "namespace", "host_version", "engine_version")
    if (
        not isinstance(found, dict)
        or found.keys() != set(Head._fields)
        or not all(isinstance(found[name], str) for name in texts)
        or type(found["exported_at_ns"]) is not int
        or not isinstance(found["limits"], dict)
        or not all(type(value) is int and value > 0 for value in found["limits"].values())
    ):
        raise BundleInvalid("its head does not say what it is of")
    return Head(**found)


def limits_told(limits: Limits) -> dict[str, int]:
    """As a head has them."""
    told: dict[str, int] = asdict(limits)
    return told


def _cut_off(at: int) -> BundleInvalid:
    return BundleInvalid(f"it ends at byte {at}, in the middle: export it again")


def _over(limit: str, count: int, maximum: int, what: str) -> BundleInvalid:
    return BundleInvalid(
        f"it has {count} {what}; at most {maximum} are allowed ({limit})", limit=limit
    )
