"""One turn as bytes: what it was given, each host call, and its end.

Each of these parts is sealed with a checksum of its own, and the end has the
checksums of all others once more: so what was altered is named by its turn and
call, also where its own checksum was put right. What a replay does is packed in
the same way, and compared byte for byte.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple
from zlib import crc32

import msgpack

from kelpie.errors import KelpieError
from kelpie.ids import Address, Payload
from kelpie.journal.values import Digest, Packer, unpack
from kelpie.limits import Limits
from kelpie.wasm.entropy import EntropyKeys
from kelpie.wasm.turn import Caller, Effects, HostCall, LogLine, Outcome, Turn

__all__ = [
    "Altered",
    "End",
    "Entry",
    "EntryInvalid",
    "Given",
    "Seals",
    "entry_of",
    "packed_call",
    "packed_end",
    "read_call",
    "read_end",
    "read_end_of",
    "read_given",
    "seal",
]

_SEAL_BYTES = 4
_EFFECTS_DIGEST_BYTES = 16

_pack = msgpack.Packer().pack


class Altered(ValueError):
    """A part of a journal is not what was written."""


class EntryInvalid(ValueError):
    """A part of a journal is none, although its checksum is right."""


class Entry(NamedTuple):
    """A turn: sealed parts."""

    given: bytes
    calls: tuple[bytes, ...]
    end: bytes

    @property
    def size(self) -> int:
        return len(self.given) + len(self.end) + sum(map(len, self.calls))


class Seals(NamedTuple):
    """The checksums of the parts of a turn but for its end, as that has them."""

    packed: bytes | None
    """None: of a turn that was kept before they were, so nothing is known."""

    @classmethod
    def of(cls, given: bytes, calls: tuple[bytes, ...]) -> Seals:
        return cls(b"".join([given[:_SEAL_BYTES], *[call[:_SEAL_BYTES] for call in calls]]))

    def is_of_given(self, given: bytes) -> bool:
        """Whether a turn was given this."""
        return self.packed is None or self.packed.startswith(given[:_SEAL_BYTES])

    def is_of_call(self, number: int, call: bytes) -> bool:
        """Whether this was the host call with that number, counted from 1. Of one
        that they do not reach to they say nothing."""
        if self.packed is None:
            return True
        at = number * _SEAL_BYTES
        return self.packed[at : at + _SEAL_BYTES] in (call[:_SEAL_BYTES], b"")


class Given(NamedTuple):
    """What a turn was given, but for the state, which the turns before it left."""

    number: int
    operation: str
    argument: Payload
    request_id: str
    caller: Caller
    time_ns: int
    entropy_keys: EntropyKeys
    read_only: bool
    is_batch: bool
    omitted_bytes: int
    """Not 0: its host calls are not kept, for they were so large."""

    @classmethod
    def of(cls, turn: Turn) -> Given:
        return cls(
            turn.number,
            turn.operation,
            turn.argument,
            turn.request_id,
            turn.caller,
            turn.time_ns,
            turn.entropy_keys or EntropyKeys.of(turn.entropy_seed),
            turn.read_only,
            turn.is_batch,
            0,
        )


class End(NamedTuple):
    """What came of a turn."""

    reply: Payload | Digest | None
    error: tuple[str, str] | None
    """Its code, or that of a rejection behind `rejected/`; and its message."""
    effects: bytes
    """The digest of what it changed."""
    log: tuple[tuple[str, str], ...]
    fuel: int
    seals: Seals


def entry_of(given: Given, outcome: Outcome, packer: Packer, limits: Limits) -> Entry:
    """A turn that has run. If it is too large it is kept without its host calls."""
    calls = tuple([packed_call(call, packer) for call in outcome.journal])
    told = _packed_given(given, packer)
    entry = Entry(told, calls, packed_end(outcome, packer, Seals.of(told, calls)))
    size = entry.size
    return _omitted(given, outcome, packer, size) if size > limits.journal_turn_bytes_max else entry


def _omitted(given: Given, outcome: Outcome, packer: Packer, size: int) -> Entry:
    """What is kept of a turn that is too large: that it was, and how it ended."""
    small = given.argument._replace(data=b"")
    told = _packed_given(given._replace(argument=small, omitted_bytes=size), packer)
    log: list[LogLine] = []
    end = Outcome(outcome.reply, outcome.error, Effects(), [], log, outcome.fuel)
    return Entry(told, (), packed_end(end, packer, Seals.of(told, ())))


def packed_call(call: HostCall, packer: Packer) -> bytes:
    """A host call: a large argument has its digest there."""
    name, arguments, result = call
    return seal(_pack((name, packer.brief(arguments), packer.plain(result))))


def packed_end(outcome: Outcome, packer: Packer, seals: Seals) -> bytes:
    """The end of a turn whose other parts are sealed so."""
    error = outcome.error
    members = (
        packer.brief(outcome.reply),
        None if error is None else packer.plain(_told(error)),
        _effects_digest(outcome.effects, packer) if outcome.effects else b"",
        packer.plain(outcome.log),
        outcome.fuel,
    )
    return seal(_pack(members if seals.packed is None else (*members, seals.packed)))


def read_given(entry: Entry) -> Given:
    """
    Raises:
        Altered, EntryInvalid
    """
    members = _opened(entry.given, 10)
    number, operation, argument, request_id, caller, time_ns, keys, *rest = members
    read_only, is_batch, omitted_bytes = rest
    match caller:
        case ("client" | "actor" | "reminder" as sort, str(name), None):
            told = Caller(sort, name)
        case ("client" | "actor" | "reminder" as sort, str(name), (str(), str(), str()) as parts):
            told = Caller(sort, name, Address(*parts))
        case _:
            raise EntryInvalid("a turn was caused by nobody")
    match keys:
        case (bytes(turn), bytes(beginning)):
            entropy = EntropyKeys(turn, beginning)
        case _:
            raise EntryInvalid("a turn has no randomness")
    _expect((number, time_ns, omitted_bytes), int)
    _expect((operation, request_id), str)
    _expect((argument,), Payload)
    _expect((read_only, is_batch), bool)
    return Given(
        number, operation, argument, request_id, told, time_ns, entropy, read_only, is_batch,
        omitted_bytes,
    )  # fmt: skip


def read_call(sealed: bytes) -> HostCall:
    """
    Raises:
        Altered, EntryInvalid
    """
    name, arguments, result = _opened(sealed, 3)
    _expect((name,), str)
    _expect((arguments,), tuple)
    return HostCall(name, arguments, result)


def read_end(entry: Entry) -> End:
    """
    Raises:
        Altered, EntryInvalid
    """
    return read_end_of(entry.end)


def read_end_of(sealed: bytes) -> End:
    """The same, of that part alone."""
    reply, error, effects, log, fuel, *seals = _opened(sealed, 5, 6)
    if reply is not None and not isinstance(reply, Payload | Digest):
        raise EntryInvalid("a turn ended with a reply that is none")
    match error:
        case None | (str(), str()):
            pass
        case _:
            raise EntryInvalid("a turn ended with an error that is none")
    _expect((effects, *seals), bytes)
    _expect((log,), tuple)
    _expect((fuel,), int)
    for line in log:
        match line:
            case (str(), str()):
                pass
            case _:
                raise EntryInvalid("a turn logged a line that is none")
    return End(reply, error, effects, log, fuel, Seals(seals[0] if seals else None))


def _packed_given(given: Given, packer: Packer) -> bytes:
    number, operation, argument, request_id, *rest = given
    told = map(packer.plain, (operation, argument, request_id))
    return seal(_pack((number, *told, *rest)))


def _told(error: KelpieError) -> tuple[str, str]:
    rejection = error.details.get("rejection")
    return error.code if rejection is None else f"{error.code}/{rejection}", error.message


def _effects_digest(effects: Effects, packer: Packer) -> bytes:
    outgoing = effects.outgoing
    set_by_name = [] if outgoing is None else sorted(outgoing.reminders.items())
    told = (
        effects.state_written,
        packer.brief(effects.state),
        effects.kv_cleared,
        [packer.brief(entry) for entry in sorted(effects.kv.items())],
        None if outgoing is None else packer.brief((outgoing.sends, set_by_name)),
    )
    return blake2b(_pack(told), digest_size=_EFFECTS_DIGEST_BYTES).digest()


def seal(packed: bytes) -> bytes:
    """A part of a turn, under its checksum."""
    return crc32(packed).to_bytes(_SEAL_BYTES, "big") + packed


def _opened(sealed: bytes, *members: int) -> Any:
    """A part that has as many members as one of its formats has."""
    packed = sealed[_SEAL_BYTES:]
    if crc32(packed).to_bytes(_SEAL_BYTES, "big") != sealed[:_SEAL_BYTES]:
        raise Altered("it fails its checksum")
    try:
        found = unpack(packed)
    except ValueError as error:
        raise EntryInvalid(str(error)) from error
    if not isinstance(found, tuple) or len(found) not in members:
        raise EntryInvalid("it has other members than it should")
    return found


def _expect(values: tuple[object, ...], kind: type) -> None:
    for value in values:
        if type(value) is not kind:
            raise EntryInvalid(f"a {kind.__name__} was expected, not a {type(value).__name__}")
