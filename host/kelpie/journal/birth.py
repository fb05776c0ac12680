"""One instance as a journal has it: what it was made of, and its turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgpack

from kelpie.ids import Address, Payload
from kelpie.journal.entries import Entry, EntryInvalid
from kelpie.journal.expected import shown
from kelpie.journal.masks import Mask
from kelpie.journal.sums import altered_member, sum_of
from kelpie.journal.values import Packer, unpack
from kelpie.limits import Limits
from kelpie.wasm.kind_configuration import Configuration, Secret

__all__ = ["Birth", "Flown", "pack_birth", "pack_entry", "unpack_birth", "unpack_entries"]

_FORMAT = 3
"""1: the end of a turn has no checksums of its other parts. 2: nor has this of its own."""
_OLDEST_FORMAT = 1
_FIRST_FORMAT_OF_SEALED_ENDS = 2
_FIRST_FORMAT_WITH_SUMS = 3

_MEMBERS = ("address", "deploy_number", "digest", "time_ns", "state", "config", "stand_ins")

_packer = msgpack.Packer()


@dataclass(frozen=True, slots=True)
class Birth:
    """What an instance was made of, and what its actor stored then."""

    address: Address
    deploy_number: int
    digest: str
    """Of its component."""
    time_ns: int
    """Of its first turn."""
    state: Payload | None
    config: Mapping[str, str] = field(default_factory=dict)
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """What stands for its secrets, by their names."""
    ends_are_sealed: bool = True
    """Whether the end of each of its turns has the checksums of the other parts."""

    def configuration(self) -> Configuration:
        """What its turns read, with stand-ins for secrets."""
        secrets = {name: Secret(value, 0) for name, value in self.stand_ins.items()}
        return Configuration(self.config, secrets)

    def packer(self, limits: Limits) -> Packer:
        """What packs its turns."""
        return Packer(Mask(self.configuration()), limits.journal_argument_bytes_max)


@dataclass(slots=True)
class Flown:
    """An instance of a journal, with its turns from the first one on."""

    birth: Birth
    entries: list[Entry]


def pack_birth(birth: Birth, mask: Mask) -> bytes:
    """As it is stored. Nothing of it tells a secret."""
    packer = Packer(mask, 0)
    members = [packer.pack(getattr(birth, name)) for name in _MEMBERS]
    sums = packer.pack([sum_of(each) for each in members])
    head = _packer.pack_array_header(len(members) + 2) + packer.pack(_FORMAT)
    return b"".join([head, *members, sums])


def unpack_birth(packed: bytes) -> Birth:
    """
    Raises:
        EntryInvalid: it is none, or of a later version of Kelpie, or a member of it is
            not what its checksum is of: that is named.
    """
    found = _unpacked(packed)
    version = found[0] if type(found) is tuple and found else None
    if type(version) is not int:
        raise EntryInvalid("it does not say of which format it is")
    if not _OLDEST_FORMAT <= version <= _FORMAT:
        raise EntryInvalid(
            f"it has format {version}, and this version of Kelpie reads formats "
            f"{_OLDEST_FORMAT} to {_FORMAT}"
        )
    members = list(found[1:])
    if version < _FIRST_FORMAT_WITH_SUMS:
        return _birth_of(version, members)
    _check_sums(packed, members)
    return _birth_of(version, members[:-1])


def _check_sums(packed: bytes, members: list[Any]) -> None:
    sums = members[-1] if len(members) == len(_MEMBERS) + 1 else None
    if type(sums) is not tuple or len(sums) != len(_MEMBERS):
        raise EntryInvalid("it has other members than it should")
    parts = dict(zip(_MEMBERS, _parts(packed)[1:-1], strict=True))
    name = altered_member(parts, dict(zip(_MEMBERS, sums, strict=True)))
    if name is not None:
        value = shown(members[_MEMBERS.index(name)])
        raise EntryInvalid(f"its member {name} was altered: what was sealed is not {value}")


def _parts(packed: bytes) -> list[bytes]:
    """Each member of a packed list, as it is packed."""
    reading = msgpack.Unpacker(max_buffer_size=len(packed), strict_map_key=True)
    reading.feed(packed)
    count, parts = reading.read_array_header(), []
    for _ in range(count):
        begin = reading.tell()
        reading.skip()
        parts.append(packed[begin : reading.tell()])
    return parts


def _birth_of(version: int, members: list[Any]) -> Birth:
    match members:
        case (
            (str(), str(), str()) as parts,
            int(number),
            str(digest),
            int(time_ns),
            None | Payload() as state,
            dict(config),
            dict(stand_ins),
        ) if all(
            isinstance(each, str)
            for some in (config, stand_ins)
            for each in (*some, *some.values())
        ):
            sealed = version >= _FIRST_FORMAT_OF_SEALED_ENDS
            address = Address(*parts)
            return Birth(address, number, digest, time_ns, state, config, stand_ins, sealed)
    raise EntryInvalid("it does not say what the instance was made of")


def pack_entry(entry: Entry) -> bytes:
    """One turn, to be stored behind others."""
    return _packer.pack(entry)  # type: ignore[no-any-return]


def unpack_entries(count: int, packed: bytes) -> list[Entry]:
    """So many turns, packed one behind the other.

    Raises:
        EntryInvalid
    """
    found = _unpacked(_packer.pack_array_header(count) + packed)
    entries = []
    for each in found:
        match each:
            case (bytes(given), tuple(calls), bytes(end)) if all(type(c) is bytes for c in calls):
                entries.append(Entry(given, calls, end))
            case _:
                raise EntryInvalid("it has a turn that is none")
    return entries


def _unpacked(packed: bytes) -> Any:
    try:
        return unpack(packed)
    except ValueError as error:
        raise EntryInvalid(str(error)) from error
