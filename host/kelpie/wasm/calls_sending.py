"""Host calls that leave a message behind: `send`, `send-after` and `request`.

What is sent is an effect of the turn: it leaves with the commit, or not at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from kelpie.errors import InvalidAddress
from kelpie.ids import Address
from kelpie.limits import Limits
from kelpie.wasm.collector import Collector, Suspension
from kelpie.wasm.library import VALUE_BYTES
from kelpie.wasm.marshalling import read_payload, read_text
from kelpie.wasm.native_values import Composer, decode
from kelpie.wasm.outgoing import Send
from kelpie.wasm.turn import Failure

__all__ = ["SENDING_CALLS", "also_asked", "why_undeliverable"]

WaitingCall = Callable[[Collector, int, int], Suspension | None]


def _send(collector: Collector, arguments: int, results: int) -> Suspension | None:
    return _leave(collector, "messaging.send", _read_send(collector.limits, arguments), results)


def _send_after(collector: Collector, arguments: int, results: int) -> Suspension | None:
    send = _read_send(collector.limits, arguments)
    delay_ms = decode(arguments + 3 * VALUE_BYTES)
    assert isinstance(delay_ms, int)
    send = send._replace(delay_ms=delay_ms)
    return _leave(collector, "messaging.send-after", send, results)


def _request(collector: Collector, arguments: int, results: int) -> Suspension | None:
    continuation = _read_operation(collector.limits, arguments + 3 * VALUE_BYTES)
    send = _read_send(collector.limits, arguments)._replace(continuation=continuation)
    return _leave(collector, "messaging.request", send, results)


SENDING_CALLS: list[tuple[str, WaitingCall]] = [
    ("send", _send),
    ("send-after", _send_after),
    ("request", _request),
]


def _read_send(limits: Limits, arguments: int) -> Send:
    target = cast("dict[str, str]", decode(arguments))
    operation = _read_operation(limits, arguments + VALUE_BYTES)
    argument = read_payload(
        arguments + 2 * VALUE_BYTES,
        limits.payload_bytes_max,
        "payload_bytes_max",
        limits.binary_bytes_max,
    )
    return Send(Address(**target), operation, argument)


def _read_operation(limits: Limits, address: int) -> str:
    maximum = limits.operation_name_bytes_max
    return read_text(address, maximum, "operation_name_bytes_max").decode()


def _leave(collector: Collector, name: str, send: Send, results: int) -> Suspension | None:
    """Adds a message to what the turn sends, once it is known that it may be sent."""
    collector.check_may_change(name)

    def finish(refused: object) -> None:
        failure = cast("Failure | None", refused)
        asked = (*send[:3], *also_asked(name, send))
        collector.record(name, asked, failure or "ok", send.size)
        if failure is None:
            collector.send(send)
        _write(failure, results)

    if (wrong := why_undeliverable(send, collector)) is not None:
        finish(Failure("failed", wrong))
        return None
    outgoing = collector.effects.outgoing
    letters, size = (0, 0) if outgoing is None else (len(outgoing.sends), outgoing.bytes)
    refused = collector.turn.answers.refuses_send(send.target, letters + 1, size + send.size)
    if isinstance(refused, Awaitable):
        return Suspension(refused, finish)
    finish(refused)
    return None


def why_undeliverable(send: Send, collector: Collector) -> str | None:
    """Why it can never be delivered; None if nothing is wrong with it."""
    limits, delay_ms_max = collector.limits, collector.limits.send_delay_ms_max
    try:
        Address.checked(*send.target, limits)
    except InvalidAddress as error:
        return error.message
    if not send.operation or send.continuation == "":
        return "an operation's name is empty: give it at least one character"
    if send.delay_ms > delay_ms_max:
        return f"a delay of {send.delay_ms} ms is over the limit send_delay_ms_max ({delay_ms_max})"
    return None


def also_asked(name: str, send: Send) -> tuple[object, ...]:
    """What the journal has of a message behind target, operation and argument."""
    if name == "messaging.send-after":
        return (send.delay_ms,)
    return () if send.continuation is None else (send.continuation,)


def _write(failure: Failure | None, results: int) -> None:
    composer = Composer()
    value = None
    if failure is not None:
        message = composer.text(failure.message.encode())
        value = composer.variant(failure.case.encode(), message)
    composer.write(composer.result(ok=failure is None, value=value), results)
