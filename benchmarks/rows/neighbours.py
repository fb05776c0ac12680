"""Whether an actor that spins hurts another one: the other's latency beside it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import generator, host
from benchmarks.effort import Place
from benchmarks.load import Load
from benchmarks.row import Goal, Row
from benchmarks.server import Server

__all__ = ["run"]

GOAL_MS = {1: 30.0, 50: 100.0}
SPIN_ANSWER_S_MAX = 120.0
SECONDS_FACTOR = 4
"""Beside spinners the other actor answers seldom: it takes longer to see its p99."""


def run(spinners: int, place: Place) -> list[Row]:
    seconds = place.effort.seconds
    alone = Load(connections=1, seconds=seconds, path=host.increment_path())
    beside = Load(connections=1, seconds=seconds * SECONDS_FACTOR, path=host.increment_path())
    with host.serving(place.directory) as server:
        host.deploy(server, host.ROGUE, "rogue")
        generator.run(alone, server.port)
        quiet = generator.run(alone, server.port)
        with _spinning(server, spinners):
            loud = generator.run(beside, server.port)
    plural = "" if spinners == 1 else "s"
    return [
        Row(
            key=f"beside_{spinners}_spinner{plural}",
            title=f"another actor's p99 beside {spinners} spinner{plural}",
            value=loud.p99_ms,
            unit="ms",
            goal=Goal(at_least=False, bound=GOAL_MS[spinners]),
            details={
                "p50_ms": loud.p50_ms,
                "p99_ms": loud.p99_ms,
                "alone_p99_ms": quiet.p99_ms,
                "requests": float(loud.requests),
            },
        )
    ]


@contextmanager
def _spinning(server: Server, spinners: int) -> Iterator[None]:
    """Keeps each spinner busy: as soon as one is stopped by its limits it spins again."""
    stop = threading.Event()

    def spin(number: int) -> None:
        path = host.invoke_path("rogue", f"spinner{number}", "spin")
        while not stop.is_set():
            connection = http.client.HTTPConnection(
                "127.0.0.1", server.port, timeout=SPIN_ANSWER_S_MAX
            )
            try:
                connection.request("POST", path)
                connection.getresponse().read()
            finally:
                connection.close()

    threads = [threading.Thread(target=spin, args=(number,)) for number in range(spinners)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
