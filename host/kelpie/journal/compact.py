"""A turn and its outcome as one value of bytes, for as long as they are held in memory.

A turn is some dozen objects. Held as they are, by the hundred thousand, they cost
the garbage collector, which looks at all of them again and again, many times what
it takes to put them into bytes once. Nothing leaves the process in this form: it
has secrets in it.
"""

from __future__ import annotations

from typing import Any

import msgpack

from kelpie.ids import Address, Payload
from kelpie.journal.entries import Given
from kelpie.wasm.entropy import EntropyKeys
from kelpie.wasm.kind_configuration import Secret
from kelpie.wasm.outgoing import Outgoing
from kelpie.wasm.turn import Caller, Effects, HostCall, LogLine, Outcome, Turn

__all__ = ["compact", "expanded"]

_SECRET = 1


def compact(turn: Turn, outcome: Outcome) -> bytes:
    """What `expanded` makes a turn of, that was no failure, and what came of it."""
    assert outcome.error is None, "its instance was lost: no turn follows it"
    effects = outcome.effects
    outgoing = effects.outgoing
    packed: bytes = _pack(
        (
            (
                turn.number,
                turn.operation,
                turn.argument,
                turn.request_id,
                turn.caller,
                turn.time_ns,
                turn.entropy_keys or turn.entropy_seed,
                turn.read_only,
                turn.is_batch,
            ),
            outcome.journal,
            outcome.reply,
            outcome.log,
            outcome.fuel,
            (
                effects.state_written,
                effects.state,
                effects.kv,
                effects.kv_cleared,
                None if outgoing is None else (outgoing.sends, outgoing.reminders),
            ),
        )
    )
    return packed


def expanded(compacted: bytes) -> tuple[Given, Outcome]:
    """The turn, and its outcome, as far as a journal has them."""
    given, journal, reply, log, fuel, effects = msgpack.unpackb(
        compacted,
        use_list=False,
        strict_map_key=False,
        ext_hook=_secret_of,
        unicode_errors="surrogatepass",
    )
    number, operation, argument, request_id, (sort, name, address), *rest = given
    time_ns, entropy, read_only, is_batch = rest
    caller = Caller(sort, name, None if address is None else Address(*address))
    keys = EntropyKeys.of(entropy) if type(entropy) is bytes else EntropyKeys(*entropy)
    return (
        Given(
            number, operation, Payload(*argument), request_id, caller, time_ns, keys, read_only,
            is_batch, 0,
        ),
        Outcome(
            Payload(*reply),
            None,
            _effects_of(*effects),
            [HostCall(name, _typed(asked), _typed(answer)) for name, asked, answer in journal],
            [LogLine(*each) for each in log],
            fuel,
        ),
    )  # fmt: skip


def _effects_of(written: bool, state: Any, kv: Any, cleared: bool, outgoing: Any) -> Effects:
    values = {key: None if value is None else Payload(*value) for key, value in kv.items()}
    state = None if state is None else Payload(*state)
    return Effects(written, state, values, cleared, _outgoing_of(outgoing))


def _outgoing_of(told: Any) -> Outgoing | None:
    if told is None:
        return None
    sends, reminders = told
    typed = {name: _typed(each) for name, each in reminders.items()}
    return Outgoing(list(_typed(sends)), 0, typed)


def _typed(value: Any) -> Any:
    """`value` with payloads in it: a flag and bytes are nothing else."""
    if type(value) is not tuple:
        return value
    if len(value) == 2 and type(value[0]) is bool and type(value[1]) is bytes:
        return Payload(*value)
    return tuple([_typed(each) if type(each) is tuple else each for each in value])


def _ext_of(value: object) -> msgpack.ExtType:
    if type(value) is Secret:
        return msgpack.ExtType(_SECRET, value.value.encode())
    raise TypeError(f"a host call passed a {type(value).__name__}, which no journal has room for")


def _secret_of(_code: int, data: bytes) -> Secret:
    return Secret(data.decode(), 0)


_pack = msgpack.Packer(default=_ext_of, unicode_errors="surrogatepass").pack
