"""A bundle: a file with instances of one actor, their turns, and their components.

    magic | frames: kind (1 byte), length (4), CRC-32 of both and the body (4), body

The first frame is the head, and the last one the end, with the numbers of
frames and turns: a file that was cut off has none. Nothing in it is believed before it was
checked, for it may come from a stranger.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct

from kelpie.errors import BundleInvalid
from kelpie.journal.birth import Flown, unpack_birth, unpack_entries
from kelpie.journal.entries import EntryInvalid
from kelpie.journal.heads import Head, packed_head, read_head
from kelpie.limits import Limits

__all__ = ["Bundle", "BundleWriter", "read_bundle"]

_MAGIC = b"kelpie bundle 2\n"
_MAGIC_BEFORE = b"kelpie bundle 1\n"
"""Its head has no checksums of its members, and its end says nothing of turns."""
_HEADER = Struct(">cII")
_HEAD, _COMPONENT, _BIRTH, _TURNS, _END = b"h", b"w", b"b", b"t", b"z"
_COMPRESSION_LEVEL = 1


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
        self._turns = 0
        self.size = len(_MAGIC)
        self._add(_HEAD, packed_head(head))

    def add_component(self, wasm: bytes) -> None:
        self._add(_COMPONENT, zlib.compress(wasm, _COMPRESSION_LEVEL))

    def add_birth(self, packed: bytes) -> None:
        """An instance, as `pack_birth` has it; its turns follow."""
        self._add(_BIRTH, packed)

    def add_turns(self, count: int, packed: bytes) -> None:
        """Turns of the instance before, as `pack_entry` has each."""
        self._turns += count
        self._add(_TURNS, count.to_bytes(4, "big") + packed)

    def finish(self) -> bytes:
        self._add(_END, _end_of(self._frames, self._turns))
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
    if not data.startswith((_MAGIC, _MAGIC_BEFORE)):
        raise BundleInvalid(
            "it is no bundle, or one of another version of Kelpie: give a file that "
            "`kelpie export` has written"
        )
    bundle: Bundle | None = None
    is_of_before = data.startswith(_MAGIC_BEFORE)
    for kind, body, at in _frames(data):
        if bundle is None:
            if kind != _HEAD:
                raise BundleInvalid("its first frame does not say what it is of")
            bundle = Bundle(read_head(body, has_sums=not is_of_before))
            continue
        try:
            _take(bundle, kind, body, limits)
        except EntryInvalid as error:
            raise BundleInvalid(f"the frame at byte {at} cannot be read: {error}") from error
    assert bundle is not None, "the last frame was found, and it is not the first"
    _check_births(bundle)
    return bundle


def _check_births(bundle: Bundle) -> None:
    """What instances were made of is in it, and they are all of its actor."""
    for number, each in enumerate(bundle.flown, 1):
        address, digest = each.birth.address, each.birth.digest
        if not bundle.head.is_of(address):
            raise BundleInvalid(
                f"its head says that it is of {bundle.head.namespace}/{bundle.head.actor}, and "
                f"instance {number} is of {'/'.join(address)}: one of them was altered"
            )
        if digest not in bundle.components:
            there = ", ".join(sorted(known[:12] for known in bundle.components)) or "none"
            raise BundleInvalid(
                f"the component {digest[:12]} of instance {number} is not in it, but {there}: "
                "one of them was altered"
            )


def _frames(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """All frames but the end, each with where it begins."""
    at, count, turns = len(_MAGIC), 0, 0
    is_of_before = data.startswith(_MAGIC_BEFORE)
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
            end = str(count).encode() if is_of_before else _end_of(count, turns)
            if begin + length != len(data) or body != end:
                raise BundleInvalid(
                    f"its end is not that of this file, which has {count} frames and {turns} "
                    "turns: export it again"
                )
            if not count:
                raise BundleInvalid("there is nothing in it")
            return
        if kind == _TURNS:
            turns += int.from_bytes(body[:4], "big")
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
        try:
            bundle.flown.append(Flown(unpack_birth(body), []))
        except EntryInvalid as error:
            number = len(bundle.flown) + 1
            raise EntryInvalid(f"what instance {number} was made of: {error}") from error
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


def _end_of(frames: int, turns: int) -> bytes:
    return b"%d %d" % (frames, turns)


def _cut_off(at: int) -> BundleInvalid:
    return BundleInvalid(f"it ends at byte {at}, in the middle: export it again")


def _over(limit: str, count: int, maximum: int, what: str) -> BundleInvalid:
    return BundleInvalid(
        f"it has {count} {what}; at most {maximum} are allowed ({limit})", limit=limit
    )
