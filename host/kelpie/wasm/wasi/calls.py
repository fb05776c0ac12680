"""What each function of the virtual WASI does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kelpie.errors import GuestLimitExceeded, GuestTrapped
from kelpie.wasm.collector import Collector
from kelpie.wasm.library import Kind
from kelpie.wasm.wasi.surroundings import ERROR_OUTPUT, INPUT, OUTPUT, Surroundings
from kelpie.wasm.wasi.values import Resource, Results

__all__ = ["CALLS", "Call", "Caller"]

_NS_PER_S = 1_000_000_000
_TIME_MAX = (1 << 63) - 1
# What a stream takes at once.
_WRITE_BYTES = 65_536


class Caller:
    """Who makes a call: its turn, what it has, and the result for it to come."""

    __slots__ = ("collector", "has", "results")

    def __init__(self, collector: Collector, has: Surroundings, results: Results) -> None:
        self.collector = collector
        self.has = has
        self.results = results

    def pollable(self, ready_ns: int) -> bytes:
        return self.results.own(Resource.POLLABLE, self.has.new_pollable(min(ready_ns, _TIME_MAX)))

    def number(self, number: int) -> bytes:
        return self.results.number(Kind.U64, number)

    def random_bytes(self, count: int) -> bytes:
        """So many random ones."""
        maximum = self.collector.limits.entropy_bytes_max
        if count > maximum:
            raise GuestLimitExceeded(
                f"{count} bytes are over the limit entropy_bytes_max of {maximum}",
                limit="entropy_bytes_max",
                size=count,
                maximum=maximum,
            )
        return self.results.octets(self.collector.draw_entropy(count))

    def random_u64(self) -> bytes:
        return self.number(int.from_bytes(self.collector.draw_entropy(8), "little"))


Call = Callable[..., "bytes | None"]


def _nothing(caller: Caller, *_given: object) -> bytes:
    return caller.results.option(None)


def _no_items(caller: Caller) -> bytes:
    return caller.results.listing([])


# wasi:cli


def _exit(_caller: Caller, status: Any) -> None:
    succeeded, _ = status
    _exit_with_code(_caller, 0 if succeeded else 1)


def _exit_with_code(_caller: Caller, code: object) -> None:
    raise GuestTrapped(f"the actor ended itself, with exit code {code}")


def _stdin(caller: Caller) -> bytes:
    return caller.results.own(Resource.INPUT_STREAM, INPUT)


def _stdout(caller: Caller) -> bytes:
    return caller.results.own(Resource.OUTPUT_STREAM, OUTPUT)


def _stderr(caller: Caller) -> bytes:
    return caller.results.own(Resource.OUTPUT_STREAM, ERROR_OUTPUT)


# wasi:io


def _debug_string(caller: Caller, _error: int) -> bytes:
    return caller.results.text(b"an error")


def _ready(caller: Caller, pollable: int) -> bytes:
    has = caller.has
    return caller.results.number(Kind.BOOL, has.pollables[pollable] <= has.steady_ns())


def _block(caller: Caller, pollable: int) -> None:
    caller.has.sleep_until(caller.has.pollables[pollable])


def _poll(caller: Caller, pollables: tuple[int, ...]) -> bytes:
    if not pollables:
        raise GuestTrapped("the actor waits for nothing: it called poll without a pollable")
    has = caller.has
    has.sleep_until(min(has.pollables[each] for each in pollables))
    ready = [
        index for index, each in enumerate(pollables) if has.pollables[each] <= has.steady_ns()
    ]
    return caller.results.listing([caller.results.number(Kind.U32, index) for index in ready])


def _closed(caller: Caller, *_given: object) -> bytes:
    return caller.results.result(ok=False, value=caller.results.variant(b"closed", None))


def _subscribe_stream(caller: Caller, _stream: int) -> bytes:
    return caller.pollable(0)


def _check_write(caller: Caller, _stream: int) -> bytes:
    return caller.results.fine(caller.number(_WRITE_BYTES))


def _write(caller: Caller, stream: int, data: bytes | tuple[()]) -> bytes:
    # Of an empty list it does not show that it is one of bytes.
    caller.has.write(stream, bytes(data), caller.collector)
    return caller.results.fine()


def _write_zeroes(caller: Caller, stream: int, count: int) -> bytes:
    if count > _WRITE_BYTES:
        raise GuestTrapped(f"the actor wrote {count} bytes where {_WRITE_BYTES} were allowed")
    return _write(caller, stream, bytes(count))


def _flush(caller: Caller, _stream: int) -> bytes:
    return caller.results.fine()


# wasi:clocks


def _steady_now(caller: Caller) -> bytes:
    return caller.number(caller.has.steady_ns())


def _steady_resolution(caller: Caller) -> bytes:
    return caller.number(1)


def _subscribe_instant(caller: Caller, when: int) -> bytes:
    return caller.pollable(when)


def _subscribe_duration(caller: Caller, wait: int) -> bytes:
    return caller.pollable(caller.has.steady_ns() + wait)


def _wall_now(caller: Caller) -> bytes:
    return _datetime(caller, caller.has.time_ns())


def _wall_resolution(caller: Caller) -> bytes:
    return _datetime(caller, 1)


def _datetime(caller: Caller, time_ns: int) -> bytes:
    seconds, rest = divmod(time_ns, _NS_PER_S)
    return caller.results.record(
        [
            (b"seconds", caller.number(seconds)),
            (b"nanoseconds", caller.results.number(Kind.U32, rest)),
        ]
    )


# wasi:random


def _random_bytes(caller: Caller, count: int) -> bytes:
    return caller.random_bytes(count)


def _random_u64(caller: Caller) -> bytes:
    return caller.random_u64()


def _random_pair(caller: Caller) -> bytes:
    return caller.results.tuple([caller.random_u64(), caller.random_u64()])


# wasi:sockets


def _network(caller: Caller) -> bytes:
    return caller.results.own(Resource.NETWORK, 0)


def _not_supported(caller: Caller, *_given: object) -> bytes:
    return caller.results.result(ok=False, value=caller.results.enum(b"not-supported"))


CALLS: dict[str, dict[str, Call]] = {
    "wasi:cli/environment": {
        "get-environment": _no_items,
        "get-arguments": _no_items,
        "initial-cwd": _nothing,
    },
    "wasi:cli/exit": {"exit": _exit, "exit-with-code": _exit_with_code},
    "wasi:cli/stdin": {"get-stdin": _stdin},
    "wasi:cli/stdout": {"get-stdout": _stdout},
    "wasi:cli/stderr": {"get-stderr": _stderr},
    "wasi:cli/terminal-input": {},
    "wasi:cli/terminal-output": {},
    "wasi:cli/terminal-stdin": {"get-terminal-stdin": _nothing},
    "wasi:cli/terminal-stdout": {"get-terminal-stdout": _nothing},
    "wasi:cli/terminal-stderr": {"get-terminal-stderr": _nothing},
    "wasi:io/error": {"[method]error.to-debug-string": _debug_string},
    "wasi:io/poll": {
        "[method]pollable.ready": _ready,
        "[method]pollable.block": _block,
        "poll": _poll,
    },
    "wasi:io/streams": {
        **dict.fromkeys(
            (
                f"[method]input-stream.{name}"
                for name in ("read", "blocking-read", "skip", "blocking-skip")
            ),
            _closed,
        ),
        "[method]input-stream.subscribe": _subscribe_stream,
        "[method]output-stream.check-write": _check_write,
        "[method]output-stream.write": _write,
        "[method]output-stream.blocking-write-and-flush": _write,
        "[method]output-stream.flush": _flush,
        "[method]output-stream.blocking-flush": _flush,
        "[method]output-stream.subscribe": _subscribe_stream,
        "[method]output-stream.write-zeroes": _write_zeroes,
        "[method]output-stream.blocking-write-zeroes-and-flush": _write_zeroes,
        "[method]output-stream.splice": _closed,
        "[method]output-stream.blocking-splice": _closed,
    },
    "wasi:clocks/monotonic-clock": {
        "now": _steady_now,
        "resolution": _steady_resolution,
        "subscribe-instant": _subscribe_instant,
        "subscribe-duration": _subscribe_duration,
    },
    "wasi:clocks/wall-clock": {"now": _wall_now, "resolution": _wall_resolution},
    "wasi:random/random": {"get-random-bytes": _random_bytes, "get-random-u64": _random_u64},
    "wasi:random/insecure": {
        "get-insecure-random-bytes": _random_bytes,
        "get-insecure-random-u64": _random_u64,
    },
    "wasi:random/insecure-seed": {"insecure-seed": _random_pair},
    "wasi:filesystem/preopens": {"get-directories": _no_items},
    "wasi:filesystem/types": {"filesystem-error-code": _nothing},
    "wasi:sockets/network": {},
    "wasi:sockets/instance-network": {"instance-network": _network},
    "wasi:sockets/tcp": {},
    "wasi:sockets/udp": {},
    "wasi:sockets/tcp-create-socket": {"create-tcp-socket": _not_supported},
    "wasi:sockets/udp-create-socket": {"create-udp-socket": _not_supported},
    "wasi:sockets/ip-name-lookup": {"resolve-addresses": _not_supported},
}
"""By interface, without its version, and by name."""
