"""One instance as a journal has it: what it was made of, and its turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgpack

from kelpie.ids import Address, Payload
from kelpie.journal.entries import Entry, EntryInvalid
from kelpie.journal.masks import Mask
from kelpie.journal.values import Packer, unpack
from kelpie.limits import Limits
from kelpie.wasm.kind_configuration import Configuration, Secret

__all__ = ["Birth", "Flown", "pack_birth", "pack_entry", "unpack_birth", "unpack_entries"]

_FORMAT = 2
"""1: the end of a turn has no checksums of its other parts."""
_OLDEST_FORMAT = 1

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
    return packer.pack(
        (
            _FORMAT,
            birth.address,
            birth.deploy_number,
            birth.digest,
            birth.time_ns,
            birth.state,
            birth.config,
            birth.stand_ins,
        )
    )


def unpack_birth(packed: bytes) -> Birth:
    """
    Raises:
        EntryInvalid: it is none, or of a later version of Kelpie.
    """
    match _unpacked(packed):
        case (
            1 | 2,
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
            return Birth(Address(*parts), number, digest, time_ns, state, config, stand_ins)
        case (int(version), *_) if not _OLDEST_FORMAT <= version <= _FORMAT:
            raise EntryInvalid(
                f"it has format {version}, and this version of Kelpie reads formats "
                f"{_OLDEST_FORMAT} to {_FORMAT}"
            )
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
