"""Host calls on where the guest is: `clock`, `entropy`, `log`, `identity`."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from kelpie.ids import Address
from kelpie.wasm.collector import Collector
from kelpie.wasm.entropy import uuid_of
from kelpie.wasm.library import VALUE_BYTES
from kelpie.wasm.marshalling import over_limit, read_text, write_u64
from kelpie.wasm.native_values import Composer, Prepared, decode
from kelpie.wasm.turn import Level, LogLine

__all__ = [
    "clock_now",
    "entropy_bytes",
    "entropy_u64",
    "entropy_uuid",
    "identity_address",
    "identity_caller",
    "identity_request_id",
    "identity_turn",
    "log_write",
]

# Of actors that ask who they are: an actor that does mostly does so in each turn.
_ADDRESSES = 1_024


def clock_now(collector: Collector, _arguments: int, results: int) -> None:
    now = collector.turn.time_ns
    collector.record("clock.now", (), now, 8)
    write_u64(results, now)


def entropy_bytes(collector: Collector, arguments: int, results: int) -> None:
    count = decode(arguments)
    assert isinstance(count, int)
    maximum = collector.limits.entropy_bytes_max
    if count > maximum:
        raise over_limit("entropy_bytes_max", count, maximum)
    drawn = collector.draw_entropy(count)
    collector.record("entropy.get-bytes", (count,), drawn, count)
    composer = Composer()
    composer.write(composer.octets(drawn), results)


def entropy_u64(collector: Collector, _arguments: int, results: int) -> None:
    number = int.from_bytes(collector.draw_entropy(8), "little")
    collector.record("entropy.get-u64", (), number, 8)
    write_u64(results, number)


def entropy_uuid(collector: Collector, _arguments: int, results: int) -> None:
    uuid = uuid_of(collector.draw_entropy(16))
    collector.record("entropy.get-uuid", (), uuid, len(uuid))
    _write_text(uuid, results)


def log_write(collector: Collector, arguments: int, _results: int) -> None:
    level = cast("Level", decode(arguments))
    text = read_text(
        arguments + VALUE_BYTES, collector.limits.log_message_bytes_max, "log_message_bytes_max"
    )
    message = collector.turn.configuration.redact(text.decode())
    collector.record("log.write", (level, message), None, len(text))
    collector.write_log(LogLine(level, message), len(text))


def identity_address(collector: Collector, _arguments: int, results: int) -> None:
    address = collector.turn.address
    collector.record("identity.self-address", (), address, len(address.key))
    _prepared_address(address).write(results)


def identity_turn(collector: Collector, _arguments: int, results: int) -> None:
    number = collector.turn.number
    collector.record("identity.turn", (), number, 8)
    write_u64(results, number)


def identity_request_id(collector: Collector, _arguments: int, results: int) -> None:
    request_id = collector.turn.request_id
    collector.record("identity.request-id", (), request_id, len(request_id))
    _write_text(request_id, results)


def identity_caller(collector: Collector, _arguments: int, results: int) -> None:
    caller = collector.turn.caller
    collector.record("identity.get-caller", (), caller, len(caller.name))
    composer = Composer()
    if caller.address is not None:
        value = composer.address(caller.address)
    else:
        value = composer.text(caller.name.encode())
    composer.write(composer.variant(caller.sort.encode(), value), results)


@lru_cache(_ADDRESSES)
def _prepared_address(address: Address) -> Prepared:
    composer = Composer()
    return composer.prepared(composer.address(address))


def _write_text(text: str, results: int) -> None:
    composer = Composer()
    composer.write(composer.text(text.encode()), results)
