"""Load from a process of our own, for where wrk is not installed.

`python -m benchmarks.client PORT LOAD` (LOAD: the fields of `Load` as JSON)
prints what it measured as JSON. It knows just enough HTTP for the servers
measured here: answers with a Content-Length on connections that stay open.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from typing import cast

import uvloop

from benchmarks.load import Load, LoadFailed, Measured

__all__ = ["run"]

GRACE_S = 15.0


def run(load: Load, port: int) -> Measured:
    """Runs the load in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.client", str(port), json.dumps(asdict(load))]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=load.seconds + GRACE_S, check=False
    )
    if done.returncode != 0:
        raise LoadFailed(done.stderr.strip() or f"the load process ended with {done.returncode}")
    return Measured(**json.loads(done.stdout))


class Connection(asyncio.Protocol):
    """Sends a request, waits for the whole answer, sends the next."""

    def __init__(self, next_request: Callable[[], bytes], latencies_ns: list[int]) -> None:
        self.next_request = next_request
        self.latencies_ns = latencies_ns
        self.failure: str | None = None
        self.sending = True
        self.received = b""
        self.received_bytes = 0
        self.sent_ns = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self.sent_ns = time.perf_counter_ns()
        self.transport.write(self.next_request())

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.received_bytes += len(data)
        head_end = self.received.find(b"\r\n\r\n")
        if head_end < 0 or len(self.received) < head_end + 4 + self._body_bytes(head_end):
            return
        if self.received[9:10] != b"2":
            self._fail(self.received.decode(errors="replace"))
            return
        self.latencies_ns.append(time.perf_counter_ns() - self.sent_ns)
        self.received = b""
        if self.sending:
            self._send()

    def _body_bytes(self, head_end: int) -> int:
        head = self.received[:head_end].lower()
        at = head.find(b"content-length:")
        return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0

    def _fail(self, answer: str) -> None:
        self.failure = f"not a success: {answer}"
        self.sending = False

    def connection_lost(self, exc: Exception | None) -> None:
        if self.sending:
            self.failure = f"the server closed a connection: {exc}"
            self.sending = False


def requests_of(load: Load, port: int) -> Callable[[], bytes]:
    """Makes the bytes of one request after another."""
    keys = [f"k{number}" for number in range(1, load.keys + 1)] or ["hot"]
    type_line = f"Content-Type: {load.content_type}\r\n" if load.body else ""
    end = f"{type_line}Content-Length: {len(load.body)}\r\n\r\n{load.body}"
    heads = [
        f"{load.method} {load.path % key} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n" for key in keys
    ]
    if not load.id_prefix:
        ready = [(head + end).encode() for head in heads]
        return lambda: random.choice(ready)
    numbers = count()

    def next_request() -> bytes:
        identified = f"Idempotency-Key: {load.id_prefix}{next(numbers)}\r\n"
        return (random.choice(heads) + identified + end).encode()

    return next_request


async def measure(load: Load, port: int) -> Measured:
    """Opens the connections, keeps them busy, counts.

    Raises:
        LoadFailed: an answer was not a success, or a connection broke.
    """
    loop = asyncio.get_running_loop()
    next_request = requests_of(load, port)
    latencies_ns: list[int] = []
    began_ns = time.perf_counter_ns()
    connections = [
        (
            await loop.create_connection(
                lambda: Connection(next_request, latencies_ns), "127.0.0.1", port
            )
        )[1]
        for _ in range(load.connections)
    ]
    await asyncio.sleep(load.seconds)
    elapsed_ns = time.perf_counter_ns() - began_ns
    latencies_ns = sorted(latencies_ns)
    for each in connections:
        if each.failure:
            raise LoadFailed(each.failure)
        each.sending = False
        each.transport.abort()
    if not latencies_ns:
        raise LoadFailed("no answer came")
    return Measured(
        requests=len(latencies_ns),
        seconds=elapsed_ns / 1e9,
        p50_ms=latencies_ns[len(latencies_ns) // 2] / 1e6,
        p99_ms=latencies_ns[len(latencies_ns) * 99 // 100] / 1e6,
        received_bytes=sum(each.received_bytes for each in connections),
    )


def main() -> int:
    load = Load(**json.loads(sys.argv[2]))
    try:
        measured = uvloop.run(measure(load, int(sys.argv[1])))
    except LoadFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    print(json.dumps(asdict(measured)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
